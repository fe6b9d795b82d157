// The agent's choice of microphone and speaker, which the browser remembers.

export function remember(name, value) {
  try {
    localStorage.setItem(`holdfast-${name}`, value);
  } catch {
    // storage is not allowed here
  }
}

export function remembered(name) {
  try {
    return localStorage.getItem(`holdfast-${name}`) ?? "";
  } catch {
    return "";
  }
}

// constraints returns those for getUserMedia. With ?audio=raw in the address, the
// browser does not process the microphone's audio.
export function constraints() {
  const audio = {};
  if (remembered("microphone")) audio.deviceId = { ideal: remembered("microphone") };
  if (new URLSearchParams(location.search).get("audio") === "raw") {
    Object.assign(audio, { echoCancellation: false, noiseSuppression: false, autoGainControl: false });
  }
  return { audio: Object.keys(audio).length ? audio : true };
}

// devices returns all devices, in the shape that Streams wants.
export async function devices() {
  try {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.map(({ deviceId, groupId, kind, label }) => ({ deviceId, groupId, kind, label }));
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

// permission returns "granted", "prompt" or "denied", or "" if it is unknown.
export async function permission() {
  try {
    return (await navigator.permissions.query({ name: "microphone" })).state;
  } catch {
    return "";
  }
}

// fill fills a select with the devices of a kind.
export async function fill(select, kind, chosen) {
  const all = await devices();
  const list = Array.isArray(all) ? all.filter((d) => d.kind === kind && d.deviceId && d.deviceId !== "default") : [];
  select.replaceChildren(new Option("The system's choice", ""));
  for (const d of list) select.append(new Option(d.label || "Unnamed", d.deviceId, false, d.deviceId === chosen));
}
