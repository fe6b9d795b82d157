// The agent's microphone. If it fails during a call, another one is used until it is
// back.

import { constraints, remembered } from "./devices.js";
import { microphoneTrouble } from "./words.js";

const type = "microphone_not_shared"; // of a trouble

export class Microphone {
  #stream = null;
  #opening = null; // a promise, while the browser is being asked
  #preferred = ""; // the device that was lost
  #missing = false;
  #on;

  // on has: changed(stream), for a microphone other than that before; notice(text), and
  // trouble(text, type), with null when it is over.
  constructor(on) {
    this.#on = on;
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.look());
    void this.#watchPermission();
  }

  // open returns the microphone's stream, or null after reporting the trouble.
  async open() {
    if (this.#works) return this.#stream;
    this.#opening ??= this.#open().finally(() => (this.#opening = null));
    return this.#opening;
  }

  // choose changes to the microphone that the agent has chosen.
  async choose() {
    this.#preferred = "";
    if (this.#stream || this.#missing) await this.#change(constraints());
  }

  // release stops the microphone.
  release() {
    this.#stop(this.#stream);
    [this.#stream, this.#missing, this.#preferred] = [null, false, ""];
  }

  // isMissing: a call needs a microphone and has none.
  get isMissing() {
    return this.#missing;
  }

  // look looks for the microphone that the agent wants, after something has changed.
  async look() {
    if (!this.#missing && !this.#works) return;
    const wanted = this.#preferred || remembered("microphone");
    const isThere = wanted && wanted !== this.#device && (await microphones()).some((d) => d.deviceId === wanted);
    if (isThere) await this.#change(only(wanted));
    else if (this.#missing) await this.#change(constraints());
  }

  get #tracks() {
    return this.#stream?.getAudioTracks() ?? [];
  }

  get #works() {
    return this.#tracks.some((track) => track.readyState === "live");
  }

  get #device() {
    return this.#tracks[0]?.getSettings().deviceId;
  }

  async #open() {
    try {
      this.#use(await captured(constraints()));
      this.#on.trouble(null);
      return this.#stream;
    } catch (error) {
      this.#on.trouble(microphoneTrouble(error), type);
      return null;
    }
  }

  // #change changes to another microphone, if that works. The one before is used until
  // then.
  async #change(wanted) {
    const before = this.#stream;
    let stream;
    try {
      stream = await captured(wanted);
    } catch (error) {
      if (!this.#works && error.name !== "NotFoundError") this.#on.trouble(microphoneTrouble(error), type);
      return;
    }
    if (this.#stream !== before || !(before || this.#missing)) return this.#stop(stream); // too late
    this.#use(stream);
    this.#stop(before);
    this.#on.trouble(null);
    const [track] = this.#tracks;
    if (this.#device === this.#preferred) this.#preferred = "";
    this.#on.notice(`The microphone is now ${track.label || "another one"}.`);
    this.#on.changed(stream);
  }

  #use(stream) {
    this.#stream = stream;
    this.#missing = false;
    for (const track of this.#tracks) track.onended = () => void this.#ended(stream, track);
  }

  // #ended: the device has gone, or the browser has taken it away.
  async #ended(stream, track) {
    if (this.#stream !== stream) return;
    this.#preferred ||= track.getSettings().deviceId ?? "";
    [this.#stream, this.#missing] = [null, true];
    const name = track.label ? `The microphone ${track.label}` : "The microphone";
    this.#on.trouble(`${name} has been disconnected. You hear the call, but the others cannot hear you until a microphone is connected.`, type);
    await this.#change(constraints());
  }

  #stop(stream) {
    for (const track of stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
  }

  async #watchPermission() {
    try {
      const status = await navigator.permissions.query({ name: "microphone" });
      status.onchange = () => void this.look();
    } catch {
      // this browser does not report it
    }
  }
}

// captured returns a stream of the wanted microphone. If that is in use or does not
// work, it is a stream of any other.
async function captured(wanted) {
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    if (error.name !== "NotReadableError" && error.name !== "AbortError") throw error;
    for (const { deviceId } of await microphones()) {
      try {
        return await navigator.mediaDevices.getUserMedia(only(deviceId));
      } catch {
        // nor does this one
      }
    }
    throw error;
  }
}

// microphones returns the devices that the browser shows to the page.
async function microphones() {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((d) => d.kind === "audioinput" && d.deviceId && d.deviceId !== "default" && d.deviceId !== "communications");
}

// only returns constraints that only one device satisfies.
function only(deviceId) {
  const { audio } = constraints();
  return { audio: { ...(audio === true ? {} : audio), deviceId: { exact: deviceId } } };
}
