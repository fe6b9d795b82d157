// What the page by the library does differently with the engine.
import { Holdfast } from '/connect/attach.js'
import { useEngine } from '/engine_crm.js'

const began = performance.now()
const measured = new URLSearchParams(location.search).has('measured')
const workerURL = new URL(measured ? '/connect/dist/measured.js' : '/connect/dist/worker.js', location.href)
useEngine(crm, await Holdfast.attach({ streams: connect }, { workerURL }), began)
