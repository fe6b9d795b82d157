// Runs before everything else in each document of a test. It has the test hear
// what the media elements play, and pages hear the microphone as it is.
(() => {
  const rate = 8000
  const enough = rate / 10 // samples that are told at a time, a block
  const tell = window.holdfastHeard

  if (!isSecureContext) return // it has neither microphone nor streams

  // What browsers do to make a voice clear takes a tone for noise.
  const microphone = MediaDevices.prototype.getUserMedia
  MediaDevices.prototype.getUserMedia = function ({ audio, ...others } = {}) {
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    return microphone.call(this, { ...others, audio: audio && { ...(audio === true ? {} : audio), ...raw } })
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

  // hear adds what an element plays of a track to the mix, by the clock of the track:
  // on a busy machine scripts run late.
  async function hear(element, stream, track) {
    if (heard.has(track)) return
    heard.add(track)
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1000 }).readable.getReader()
    const early = [] // audio, until it is known how late scripts are at best
    let start = null // when the track began, in ms since 1970
    let next = 0 // where the next sample belongs, unless the track jumps
    const play = audio => {
      const at = Math.round((start + audio.timestamp / 1000) * rate / 1000)
      if (Math.abs(at - next) > rate / 50) next = at
      const samples = samplesOf(audio)
      if (!element.paused && !element.muted && element.volume > 0) mix(next, samples)
      next += samples.length
      audio.close()
    }
    for (;;) {
      const { value: audio, done } = await reader.read()
      if (done || element.srcObject !== stream) {
        heard.delete(track)
        return reader.cancel()
      }
      const latest = performance.timeOrigin + performance.now() - audio.timestamp / 1000
      if (start !== null && latest > start - 100) {
        play(audio)
        continue
      }
      early.push({ audio, latest })
      if (early.length < 20) continue
      start = Math.min(...early.map(({ latest }) => latest))
      early.splice(0).forEach(({ audio }) => play(audio))
    }
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
  function samplesOf(audio) {
    const each = audio.sampleRate / rate
    if (!Number.isInteger(each)) throw new Error(`${audio.sampleRate} Hz cannot be heard here`)
    const plane = new Float32Array(audio.numberOfFrames)
    audio.copyTo(plane, { planeIndex: 0, format: 'f32-planar' })
    const samples = []
    for (let at = 0; at + each <= plane.length; at += each) {
      const mean = plane.subarray(at, at + each).reduce((sum, x) => sum + x) / each
      samples.push(32767 * Math.max(-1, Math.min(1, mean)))
    }
    return samples
  }

  const base64 = pcm => btoa(String.fromCharCode(...new Uint8Array(pcm.buffer)))
})()
