// Runs before everything else in each document of a test. It has the test hear
// what the media elements play, and pages hear the microphone as it is.
(() => {
  const rate = 8000
  const enough = rate / 10 // samples that are told at a time, a block
  const tell = window.holdfastHeard

  if (!isSecureContext) return // it has neither microphone nor streams

  // What browsers do to make a voice clear takes a tone for noise.
  const microphone = MediaDevices.prototype.getUserMedia
  MediaDevices.prototype.getUserMedia = async function ({ audio, ...others } = {}) {
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    const stream = await microphone.call(this, { ...others, audio: audio && { ...(audio === true ? {} : audio), ...raw } })
    captured.push(...stream.getTracks())
    return stream
  }

  // holdfastUnplug ends all that was captured, as a device does that is unplugged.
  const captured = []
  window.holdfastUnplug = () => {
    for (const track of captured.splice(0)) {
      track.stop()
      track.dispatchEvent(new Event('ended'))
    }
  }
  const clone = MediaStreamTrack.prototype.clone
  MediaStreamTrack.prototype.clone = function () {
    const track = clone.call(this)
    captured.push(track)
    return track
  }

  // Whether each track was open when the page added it to a session.
  window.holdfastSent = []
  const addTrack = RTCPeerConnection.prototype.addTrack
  RTCPeerConnection.prototype.addTrack = function (track, ...streams) {
    window.holdfastSent.push(track.enabled)
    return addTrack.call(this, track, ...streams)
  }

  const srcObject = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject')
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    ...srcObject,
    set(stream) {
      srcObject.set.call(this, stream)
      if (!(stream instanceof MediaStream)) return
      for (const track of stream.getAudioTracks()) hear(this, stream, track)
      stream.addEventListener('addtrack', ({ track }) => {
        if (track.kind === 'audio') hear(this, stream, track)
      })
    },
  })

  const heard = new WeakSet() // tracks that are heard already

  // hear adds what an element plays of a track to the mix, until the track ends.
  async function hear(element, stream, track) {
    if (heard.has(track)) return
    heard.add(track)
    const played = window.MediaStreamTrackProcessor ? byProcessor : byTransform
    await played(track, taking(element), () => element.srcObject !== stream)
    heard.delete(track)
  }

  // taking returns a function that takes what a track has, by the clock of the track
  // (in ms): on a busy machine scripts run late.
  function taking(element) {
    const early = [] // audio, until it is known how late scripts are at best
    let start = null // when the track began, in ms since 1970
    let next = 0 // where the next sample belongs, unless the track jumps
    const play = ({ clock, samples }) => {
      const at = Math.round((start + clock) * rate / 1000)
      if (Math.abs(at - next) > rate / 50) next = at
      if (!element.paused && !element.muted && element.volume > 0) mix(next, samples)
      next += samples.length
    }
    return (clock, samples) => {
      const latest = performance.timeOrigin + performance.now() - clock
      if (start !== null && latest > start - 100) return play({ clock, samples })
      early.push({ clock, samples, latest })
      if (early.length < 20) return
      start = Math.min(...early.map(({ latest }) => latest))
      early.splice(0).forEach(play)
    }
  }

  // byProcessor takes what a track has in Chromium.
  async function byProcessor(track, take, over) {
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1000 }).readable.getReader()
    for (;;) {
      const { value: audio, done } = await reader.read()
      if (done || over()) return reader.cancel()
      const plane = new Float32Array(audio.numberOfFrames)
      audio.copyTo(plane, { planeIndex: 0, format: 'f32-planar' })
      take(audio.timestamp / 1000, samplesOf(plane, audio.sampleRate))
      audio.close()
    }
  }

  // byTransform takes what a track has in Firefox, as it arrives: without a sound card
  // no AudioContext runs there.
  function byTransform(track, take, over) {
    const { port1, port2 } = new MessageChannel()
    worker ??= new Worker('/holdfast-ears-worker.js')
    receivers.get(track).transform = new RTCRtpScriptTransform(worker, { port: port2 }, [port2])
    let last = null // RTP timestamp, which may begin again at 0
    let clock = 0
    return new Promise(ended => {
      track.addEventListener('ended', ended)
      port1.onmessage = ({ data: { at, payload } }) => {
        if (over()) return ended()
        clock += last === null ? 0 : (at - last) | 0
        last = at
        take(clock / 8, [...payload].map(sampleOf))
      }
    })
  }

  let worker = null
  const receivers = new WeakMap() // of tracks
  if (!window.MediaStreamTrackProcessor) {
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...options) {
        super(...options)
        this.addEventListener('track', ({ track, receiver }) => receivers.set(track, receiver))
      }
    }
  }

  // sampleOf decodes µ-law.
  const sampleOf = byte => {
    const bits = ~byte & 255
    const sample = (((bits & 15) << 3) + 132 << (bits >> 4 & 7)) - 132
    return bits & 128 ? -sample : sample
  }

  // The mix of all tracks in the document, in blocks by their number since 1970.
  const blocks = new Map()

  // mix adds samples to the mix.
  function mix(at, samples) {
    for (const sample of samples) {
      const number = Math.floor(at / enough)
      if (!blocks.has(number)) blocks.set(number, new Float64Array(enough))
      blocks.get(number)[at++ % enough] += sample
    }
  }

  // Blocks are told when all tracks are sure to have come.
  const late = 400 // ms
  setInterval(() => {
    const newest = Math.floor((Date.now() - late) * rate / 1000 / enough)
    for (const number of [...blocks.keys()].filter(number => number < newest).sort((a, b) => a - b)) {
      const pcm = Int16Array.from(blocks.get(number), sample => Math.max(-32768, Math.min(32767, sample)))
      blocks.delete(number)
      const before = number * enough
      tell(JSON.stringify({ at: before * 1000 / rate, before: before % 2 ** 32, pcm: base64(pcm) }))
    }
  }, 50)

  // samplesOf are 16-bit samples at our rate, each the mean of some of the audio.
  function samplesOf(plane, sampleRate) {
    const each = sampleRate / rate
    if (!Number.isInteger(each)) throw new Error(`${sampleRate} Hz cannot be heard here`)
    const samples = []
    for (let at = 0; at + each <= plane.length; at += each) {
      const mean = plane.subarray(at, at + each).reduce((sum, x) => sum + x) / each
      samples.push(32767 * Math.max(-1, Math.min(1, mean)))
    }
    return samples
  }

  const base64 = pcm => btoa(String.fromCharCode(...new Uint8Array(pcm.buffer)))
})()
