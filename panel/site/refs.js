// refs are the parts of an element that have a name, data-ref.
export function refs(element) {
  return Object.fromEntries([...element.querySelectorAll("[data-ref]")].map((e) => [e.dataset.ref, e]));
}

// say shows a text, or hides the element when there is none.
export function say(element, text) {
  element.hidden = !text;
  if (element.textContent !== (text ?? "")) element.textContent = text ?? "";
}

// icon is one of icons.svg.
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/ccp-v2/icons.svg#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
