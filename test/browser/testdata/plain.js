// What the page by the library does differently with cold-transfer.js.
'use strict'

{
  let begun = 0
  crm.outcomes = []
  crm.ringFor = 2000
  crm.isSettled = () => crm.outcomes.length === begun
  crm.handOver = async name => {
    begun++
    try {
      const to = await crm.quickConnect(name)
      crm.outcomes.push(await coldTransfer(connect, to, { ringFor: crm.ringFor, onFailure: 'resume' }))
    } catch (error) {
      crm.outcomes.push({ outcome: 'refused', text: error.message })
    }
  }
}
