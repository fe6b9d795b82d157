// The parked customers have no agent. Any agent may pick them up.

import { since } from "./clock.js";

const list = document.getElementById("parked");

// showParked shows the customers. pickUp(contactId) returns a promise of its end.
export function showParked({ customers, more }, pickUp) {
  const before = new Map([...list.children].map((item) => [item.dataset.contact, item]));
  list.replaceChildren(...customers.map((c) => before.get(c.id) ?? item(c, pickUp)));
  if (more) list.append(Object.assign(document.createElement("li"), { className: "banner warn", textContent: `${more} more customers are parked.` }));
  list.hidden = customers.length === 0;
}

function item(c, pickUp) {
  const [li, text, who, time, button] = ["li", "span", "b", "time", "button"].map((tag) => document.createElement(tag));
  li.className = "banner warn";
  li.dataset.contact = c.id;
  who.textContent = c.name || "unknown caller";
  who.title = c.address ?? "";
  since(time, c.since);
  text.append("A customer is parked: ", who, ", for ", time);
  button.textContent = "Pick up";
  button.setAttribute("aria-label", `Pick up ${who.textContent}`);
  button.onclick = async () => {
    button.disabled = true;
    await pickUp(c.id);
    button.disabled = false;
  };
  li.append(text, button);
  return li;
}
