// A page on Amazon Connect Streams with Holdfast's transfer engine.

import { Holdfast } from "./holdfast/attach.js";
import "./holdfast/element.js";

const ccpUrl = new URLSearchParams(location.search).get("ccp");
const element = (id) => document.getElementById(id);
const line = (text) => Object.assign(document.createElement("li"), { textContent: text });

connect.core.initCCP(element("ccp"), { ccpUrl, loginPopup: true, softphone: { allowFramedSoftphone: true } });

const button = document.querySelector("holdfast-transfer");
element("to").addEventListener("input", ({ target }) => button.setAttribute("to", target.value));
button.addEventListener("holdfast-outcome", ({ detail: { outcome, target, text } }) =>
  element("outcomes").append(line(`${target.name || target.address}: ${outcome}. ${text ?? ""}`)),
);

const transfers = await Holdfast.attach({ streams: connect });
button.transfers = transfers;
transfers.onChange(() => element("notes").replaceChildren(...transfers.state.notes.map(line)));
