// What the pages with the engine have in common. target finds what the engine takes as a
// target; contactId is that of the call.
export function useEngine(crm, transfers, began) {
  let begun = 0
  const outcomes = []
  const settled = () => outcomes.length === begun
  const ended = () => transfers.state.transfer?.stage === 'ended'

  transfers.ready.then(() => { crm.readyAfter = performance.now() - began }, error => console.error(error.message))
  return Object.assign(crm, {
    transfers,
    outcomes,
    isThere: () => transfers.state.status === 'ready',
    sees: contactId => transfers.state.contactId === contactId,
    isSettled: settled,
    isCarriedOn: ended, // after a reload
    handOver: async name => {
      begun++
      try {
        const transfer = await transfers.cold(name, { ringFor: 2000, onFailure: 'resume' })
        outcomes.push(await transfer.outcome())
      } catch (error) {
        outcomes.push({ outcome: 'refused', text: error.message })
      }
    },
    confirm: async () => (await transfers.get()).confirm(),
    // compiles reports whether this page may compile WebAssembly.
    compiles: () => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => true, () => false),
  })
}
