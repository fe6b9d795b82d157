// Logging in and out. Passwords are typed only in a window of our own, where the agent
// sees its address. Embedded in another page, there is a button that opens that window.
// It hands the frame a token of its own, because the browser may send no cookie there:
//
//	window → our frames in the page that has opened it: offer, until it is taken
//	frame → window: wanted
//	window → frame: token
//	frame → window: taken

import { setText } from "./refs.js";
import { isEmbedded, keep, post } from "./session.js";

const form = document.querySelector("#login form");
const error = form.querySelector(".error");
const embedded = document.querySelector("#embedded");

const windowName = "connect::loginPopup"; // that of Amazon's library, which may have opened it
const offerEvery = 500;
const blockedAfter = 6_000;

let takes = null; // takes a token, while this frame waits for one
let isIn = false; // this frame has no need of one

if (isEmbedded) window.addEventListener("message", receive);

// logIn shows the form, or the button, until an agent has logged in.
export function logIn(show) {
  isIn = false;
  return isEmbedded ? logInElsewhere(show) : logInHere(show);
}

// loggedIn has windows in which an agent logs in close: this frame needs none.
export function loggedIn() {
  isIn = true;
}

function logInHere(show) {
  show("login");
  setText(error, "");
  (form.name.value ? form.password : form.elements.name).focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      setText(error, "");
      const said = await post("login", { name: form.elements.name.value, password: form.elements.password.value });
      button.disabled = false;
      form.elements.password.value = "";
      if (!said.error) return resolve();
      setText(error, said.error);
      form.elements.password.focus();
    };
  });
}

function logInElsewhere(show) {
  show("embedded");
  const trouble = embedded.querySelector(".error");
  embedded.querySelector("button").onclick = () => {
    const opened = window.open("/ccp-v2/", windowName, "width=420,height=640");
    setText(trouble, opened ? "" : "The browser does not open a window for this page. Allow pop-ups for it.");
  };
  return new Promise((resolve) => {
    takes = (token) => {
      takes = null;
      setText(trouble, "");
      keep(token);
      resolve();
    };
  });
}

// receive takes a message from one of our windows that may be the one to log in.
function receive({ source, origin, data }) {
  if (origin !== location.origin || !source) return;
  const answer = (holdfast) => source.postMessage({ holdfast }, location.origin);
  if (data?.holdfast === "offer") {
    if (takes) answer("wanted");
    else if (isIn) answer("taken");
  }
  if (data?.holdfast === "token" && typeof data.token === "string" && takes) {
    takes(data.token);
    answer("taken");
  }
}

// opener is the page whose frames wait for the agent of this window: the one that has
// opened it, or the one around the frame that has. It is found at once, because Streams
// replaces the frame every few seconds.
const opener = (() => {
  if (isEmbedded || !window.opener || window.name !== windowName) return null;
  try {
    return window.opener.location.origin === location.origin ? window.opener.parent : window.opener;
  } catch {
    return window.opener; // at another origin
  }
})();

// isForAnother reports whether this window is there only to log in for another.
export function isForAnother() {
  return opener !== null;
}

// handOver offers the session to the frames of the page that has opened this window,
// and closes it when one has taken it. show(title, text) shows a message.
export function handOver(show) {
  show("You are logged in", "This window closes as soon as the page that opened it has noticed.");
  let asking = false;
  window.addEventListener("message", async ({ source, origin, data }) => {
    if (origin !== location.origin || !source) return;
    if (data?.holdfast === "taken") return window.close();
    if (data?.holdfast !== "wanted" || asking) return;
    asking = true;
    const { token, error } = await post("token", {});
    asking = false;
    if (token) source.postMessage({ holdfast: "token", token }, location.origin);
    else show("You are logged in, but not yet in the page", error);
  });
  const offer = () => {
    for (let i = 0; i < opener.length; i++) opener[i].postMessage({ holdfast: "offer" }, location.origin); // no other origin gets it
  };
  offer();
  setInterval(offer, offerEvery);
  setTimeout(() => show("You are logged in", "The page that opened this window does not show Holdfast. " +
    "If the browser asks there whether it may reach other devices or apps on your network or this device, allow it: the page is on the internet, and Holdfast is not. " +
    "If it does not ask, allow “local network access” in the settings for that page, and load the page again. You may close this window."), blockedAfter);
}

// logOut returns an error, or "".
export async function logOut() {
  const said = await post("logout", {});
  return said.error ?? "";
}
