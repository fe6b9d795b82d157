// Times on the screen: how long something has been so, by the server's clock.

let skew = 0; // the server's clock minus ours, in ms

export function setClock(serverNow) {
  skew = serverNow.getTime() - Date.now();
}

// since shows in an element how long ago a time is. Without a time, or for Go's zero
// time, the element is empty.
export function since(element, then) {
  const time = new Date(then ?? 0).getTime();
  if (time > 0) {
    element.dataset.since = time;
    element.setAttribute("role", "timer");
  } else {
    delete element.dataset.since;
    element.textContent = "";
  }
  tick(element);
}

export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function tick(element) {
  if (!element.dataset.since) return;
  const now = duration(Date.now() + skew - Number(element.dataset.since));
  if (element.textContent !== now) element.textContent = now;
}

setInterval(() => document.querySelectorAll("[data-since]").forEach(tick), 500);
