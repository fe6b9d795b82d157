// The conduit to the Amazon Connect Streams page around this one, if there is one:
// the messages that Streams' library and Amazon's own page exchange by postMessage.
// The server makes their contents; this module checks the origins.

const longestParams = 32 << 10; // of a request, as JSON
const mostEarly = 256; // messages that come before the server has told the page who it is for

// Broadcasts of a Streams page that all of the agent's Streams pages must get.
const echoed = /^(contact::accepted(::.*)?|contact::view|taskList::activate_channel_with_view_type|configuration::set_(speaker|microphone|ringer)_device|configuration::(camera_device|background_blur)_changed|voiceId::update_domain_id)$/;

// Topics for which no page becomes the master: audio and ringing are ours.
const takenTopics = new Set(["connect::softphone", "connect::ringtone", "connect::sendLogs", "connect::metrics"]);

export class Conduit {
  #around = window.parent !== window ? window.parent : null;
  #origins = []; // approved
  #origin = null; // of the page around, as soon as that is known
  #id = null; // the one that the library knows this page by
  #last = null; // the last update, posted again when asked for
  #early = [];
  #on;

  // on has: request(method, params, done, requestId), mute(on), echo(event, data),
  // configure(settings), devices(), stranger(origin), logOut().
  constructor(on) {
    this.#on = on;
    this.#early = this.#around ? window.early : [];
    window.early = null;
    if (this.#around) window.addEventListener("message", (event) => this.#receive(event));
  }

  get isEmbedded() {
    return this.#around !== null;
  }

  get around() {
    return this.#around;
  }

  // targets are the origins at which the page around may get messages.
  get targets() {
    if (!this.#around || this.#id === null) return [];
    return this.#origin ? [this.#origin] : this.#origins;
  }

  // open posts the first message, which means that an agent is logged in. The library
  // must get nothing before it.
  open(hello) {
    if (!this.#around) return;
    this.#origins = hello.origins;
    this.#origin ??= this.#guessOrigin();
    if (this.#origin && !this.#origins.includes(this.#origin)) return this.#on.stranger(this.#origin);
    this.#id = `${hello.boot}-${hello.agent}`;
    this.post("acknowledge", { id: this.#id });
    for (const event of this.#early.splice(0)) this.#receive(event);
  }

  update(message) {
    this.#last = message;
    this.#postUpdate();
  }

  muted(muted) {
    this.post("agent::mute_toggle", { muted });
  }

  // softphoneError reports that there is no audio. Types are the library's.
  softphoneError(errorType, errorMessage) {
    this.post("agent::softphone_error", { errorType, errorMessage, endPointUrl: "" });
  }

  post(event, data) {
    for (const origin of this.targets) {
      this.#around.postMessage({ event, data }, origin); // browsers deliver it only to that origin
    }
  }

  #postUpdate() {
    if (!this.#last) return;
    const { snapshot, configuration } = this.#last;
    const localTimestamp = Date.now();
    const skew = snapshot.snapshotTimestamp.getTime() - localTimestamp;
    this.post("agent::update", { snapshot: { ...snapshot, localTimestamp, skew }, configuration });
  }

  #guessOrigin() {
    if (location.ancestorOrigins?.length) return location.ancestorOrigins[0];
    try {
      return new URL(document.referrer).origin;
    } catch {
      return null; // the page around keeps it back
    }
  }

  #receive(event) {
    if (this.#id === null) {
      if (this.#early.length < mostEarly) this.#early.push(event);
      return;
    }
    if (event.source !== this.#around || !this.#origins.includes(event.origin)) {
      if (event.data?.event === "api_request") console.warn(`ignoring a request from ${event.origin}: it must come from the page around this one, at an approved origin`);
      return;
    }
    this.#origin = event.origin;
    const { event: name, data } = event.data ?? {};
    switch (name) {
      case "synchronize":
        return this.post("acknowledge", { id: this.#id });
      case "api_request":
        return this.#request(data);
      case "master_request":
        return this.#master(data);
      case "broadcast":
        return this.#broadcast(data);
      case "configure":
        return this.#on.configure(data ?? {});
      case "reload_agent_configuration":
        return this.#postUpdate();
      case "media_device_request":
        return void this.#on.devices().then((devices) => this.post("media_device_response", devices));
      case "terminate":
        return this.#on.logOut();
    }
  }

  #request(ask) {
    const { requestId, method, params } = ask ?? {};
    if (typeof requestId !== "string" || requestId === "") return; // it cannot be answered
    const done = (data, err) => this.respond(requestId, data, err);
    const fail = (message) => {
      const err = { type: "InvalidParameterException", message, stack: [], retryStatus: "none", statusCode: 400 };
      done({ type: err.type, message }, err);
    };
    if (requestId.length > 128) return fail("the requestId is too long");
    if (typeof method !== "string" || method === "" || method.length > 64) return fail("the method is missing or too long");
    let size = 0;
    try {
      size = JSON.stringify(params ?? {}).length;
    } catch {
      return fail("the parameters cannot be read");
    }
    if (size > longestParams) return fail("the parameters are too long");
    this.#on.request(method, params ?? {}, done, requestId);
  }

  // respond posts an error as an array of its JSON, with its members: some pages read
  // err.message, others parse err.
  respond(requestId, data, err) {
    let shape = null;
    if (err) shape = Object.assign([JSON.stringify(err)], { type: err.type, message: err.message, code: err.code, statusCode: err.statusCode });
    this.post("api_response", { event: "api_response", requestId, data: data ?? {}, err: shape });
  }

  #master(ask) {
    const { requestId, method, params } = ask ?? {};
    if (typeof requestId !== "string") return;
    const topic = params?.topic;
    const mine = takenTopics.has(topic);
    const data = { masterId: mine ? this.#id : requestId, topic };
    if (method === "becomeMaster") data.takeOver = !mine;
    else data.isMaster = !mine && !params?.shouldNotBecomeMasterIfNone;
    this.post("master_response", { event: "master_response", requestId, data, err: null });
  }

  #broadcast(inner) {
    const { event, data } = inner ?? {};
    if (event === "mute") return this.#on.mute(typeof data?.mute === "boolean" ? data.mute : null);
    if (typeof event === "string" && event.length <= 128 && echoed.test(event)) this.#on.echo(event, data);
  }
}
