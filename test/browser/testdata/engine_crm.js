// What the pages with the engine have in common. target finds what the engine takes as a
// target; contactId is that of the call.
export function useEngine(crm, transfers, began) {
  let underWay = 0
  const outcomes = []
  const ended = () => transfers.state.transfer?.stage === 'ended'

  transfers.ready.then(() => { crm.readyAfter = performance.now() - began }, error => console.error(error.message))
  return Object.assign(crm, {
    transfers,
    outcomes,
    ringFor: 2000,
    isThere: () => transfers.state.status === 'ready',
    sees: contactId => transfers.state.contactId === contactId,
    isSettled: () => underWay === 0,
    isCarriedOn: ended, // after a reload
    handOver: async name => {
      underWay++
      try {
        const transfer = await transfers.cold(name, { ringFor: crm.ringFor, onFailure: 'resume' })
        outcomes.push(await transfer.outcome())
      } catch (error) {
        outcomes.push({ outcome: 'refused', text: error.message })
      } finally {
        underWay--
      }
    },
    confirm: async () => (await transfers.get()).confirm(),
    // compiles reports whether this page may compile WebAssembly.
    compiles: () => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => true, () => false),
  })
}
