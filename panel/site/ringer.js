// The sound of a call that comes in.

import { remember, remembered } from "./devices.js";

export class Ringer {
  #context = null;
  #timer = 0;
  #ringing = false;
  #off = false; // by the page around

  get silent() {
    return remembered("silent") === "yes";
  }

  set silent(on) {
    remember("silent", on ? "yes" : "");
    this.ring(this.#ringing);
  }

  // disable keeps the page quiet, because the page around rings.
  disable(on) {
    this.#off = on;
    this.ring(this.#ringing);
  }

  ring(on) {
    this.#ringing = on;
    const sound = on && !this.silent && !this.#off;
    if (sound === (this.#timer !== 0)) return;
    clearInterval(this.#timer);
    this.#timer = 0;
    if (!sound) return;
    this.#timer = setInterval(() => this.#burst(), 3_000);
    this.#burst();
  }

  #burst() {
    try {
      this.#context ??= new AudioContext();
      void this.#context.resume();
      const now = this.#context.currentTime;
      for (const [at, pitch] of [[0, 660], [0.18, 880], [0.5, 660], [0.68, 880]]) this.#note(now + at, pitch);
    } catch {
      // no sound is allowed yet; the page shows the call
    }
  }

  #note(at, pitch) {
    const tone = this.#context.createOscillator();
    const volume = this.#context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.17);
    tone.connect(volume).connect(this.#context.destination);
    tone.start(at);
    tone.stop(at + 0.18);
  }
}
