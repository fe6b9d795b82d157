// Runs before everything else in each document of a test. It has the test hear
// what the media elements play, and pages hear the microphone as it is.
(() => {
  const rate = 8000
  const enough = rate / 10 // samples that are told at a time
  const tell = window.holdfastHeard

  if (!isSecureContext) return // it has neither microphone nor streams

  // What browsers do to make a voice clear takes a tone for noise.
  const microphone = MediaDevices.prototype.getUserMedia
  MediaDevices.prototype.getUserMedia = function ({ audio, ...others } = {}) {
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    return microphone.call(this, { ...others, audio: audio && { ...(audio === true ? {} : audio), ...raw } })
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

  // hear tells what an element plays of a track, 100 ms at a time: the samples,
  // how many of the stream came before, and when the first was heard, in ms since
  // 1970. That is reckoned by the clock of the stream, because scripts run late
  // on a busy machine.
  async function hear(element, stream, track) {
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1000 }).readable.getReader()
    const pcm = new Int16Array(enough)
    let length = 0, before = 0
    let lateness = Infinity // of the script behind the stream, at best
    for (;;) {
      const { value: audio, done } = await reader.read()
      if (done || element.srcObject !== stream) return reader.cancel()
      const ms = audio.timestamp / 1000
      lateness = Math.min(lateness, performance.now() - ms)
      if (length === 0) before = Math.round(ms * rate / 1000)
      const plays = !element.paused && !element.muted && element.volume > 0
      for (const sample of samplesOf(audio)) {
        pcm[length++] = plays ? sample : 0
        if (length < enough) continue
        const at = performance.timeOrigin + lateness + before * 1000 / rate
        tell(JSON.stringify({ at, before: before >>> 0, pcm: base64(pcm) }))
        before += enough
        length = 0
      }
      audio.close()
    }
  }

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
