// What the page by the SDK does differently with the engine.
import '/sdk.js'
import { Holdfast } from '/connect/attach-sdk.js'
import { useEngine } from '/engine_crm.js'

const began = performance.now()
useEngine(crm, await Holdfast.attach({ sdk: crm.provider }), began)
