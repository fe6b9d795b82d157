// refs returns the descendants with a data-ref, by name.
export function refs(element) {
  return Object.fromEntries([...element.querySelectorAll("[data-ref]")].map((e) => [e.dataset.ref, e]));
}

// setText shows a text, or hides the element if it is empty.
export function setText(element, text) {
  element.hidden = !text;
  if (element.textContent !== (text ?? "")) element.textContent = text ?? "";
}

// icon returns an icon of icons.svg.
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/ccp-v2/icons.svg#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
