// Package browser drives a real browser in tests: headless Chromium, with a microphone that
// plays a tone and with ears, on pages that use Amazon Connect Streams or the Amazon
// Connect SDK exactly as npm has them. All of it runs in a network namespace of its own,
// from which nothing gets out, and ends with the test.
//
//	func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
//
//	crm := browser.ServeCRM(t)
//	ana := browser.Start(t, 620)
//	tab := ana.Open(crm.Page("http://localhost:8090/ccp-v2/"))
//	tab.Await("crm.contact()")
//	tab.Do("void crm.transfer(crm.number('+15550100'))")
//	tab.Heard().AwaitTones(ctx, 440)
//
// The package knows nothing of the server, and the product never uses it.
package browser
