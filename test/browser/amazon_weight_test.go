package browser

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A weight is how much memory a page has after a garbage collection.
type weight struct {
	page float64 // bytes that JavaScript uses
	wasm int     // bytes that the engine has
}

func (w weight) String() string {
	return fmt.Sprintf("page %.2f MB of JavaScript, engine %.2f MB of WebAssembly", w.page/1e6, float64(w.wasm)/1e6)
}

// weigh collects garbage and returns what is left, besides what others keep: the library
// its log for half an hour, the browser what was logged, and our page what became of each
// transfer.
func (c *column) weigh() (w weight) {
	c.tab.Do(`
		for (const kept of Object.values(connect.getLog())) if (Array.isArray(kept)) kept.length = 0
		crm.outcomes.length = 0
		document.getElementById('log').replaceChildren()
		console.clear()`)
	c.tab.do("collecting garbage", func(ctx context.Context) error {
		_, discarded := chromedp.Call(ctx, runtime.DiscardConsoleEntries, cdp.Empty{})
		_, collected := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{})
		used, err := chromedp.Call(ctx, runtime.GetHeapUsage, cdp.Empty{})
		w.page = used.UsedSize
		return errors.Join(discarded, collected, err)
	})
	c.tab.Read(`new Promise(told => {
		const asked = new BroadcastChannel('measured')
		asked.onmessage = ({ data }) => { asked.close(); told(data.wasm) }
		asked.postMessage('wasm')
	})`, &w.wasm)
	return w
}

// TestEngineWeight prints what the engine costs a page: bytes to load, time until it is
// ready, and memory.
func TestEngineWeight(t *testing.T) {
	Need(t)
	c := openColumn(t, Start(t, 0), byMeasured, byOwn)
	wasm, err := os.ReadFile(connectDir + "/dist/holdfast.wasm")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(wasm) // to memory
	_ = w.Close()
	readyAfter := func() (ms float64) {
		c.tab.Await("crm.readyAfter")
		c.tab.Read("crm.readyAfter", &ms)
		return ms
	}
	cold := readyAfter()
	c.tab.Reload()
	warm := readyAfter()
	fmt.Printf("engine: %d bytes, %d with gzip; ready %.0f ms after attach in a new browser, %.0f ms after a reload; %s\n",
		len(wasm), packed.Len(), cold, warm, c.weigh())
}

// byMeasured is byEngine with a worker that can be measured.
var byMeasured = way{name: byEngine.name, page: "/engine?measured=1", ends: true, adopts: true}

// TestEngineKeepsItsWeight has one page make 300 transfers, one after the other.
func TestEngineKeepsItsWeight(t *testing.T) {
	needTime(t)
	c := openColumn(t, Start(t, 0), byMeasured, byOwn)
	at := map[int]weight{}
	for i := range 300 {
		f := failures[0]
		if i%3 == 1 {
			f = failureNamed("iii")
		}
		if place := c.play(t, f); place != "with the target" && place != "with the agent" {
			t.Fatalf("transfer %d: the customer is %s", i, place)
		}
		if done := i + 1; done == 50 || done == 300 {
			at[done] = c.weigh()
			fmt.Printf("engine: after %d transfers: %s\n", done, at[done])
		}
	}
	if was, is := at[50], at[300]; is.page > 1.1*was.page || float64(is.wasm) > 1.1*float64(was.wasm) {
		t.Errorf("after 50 transfers %s, after 300 %s", was, is)
	}
}

func failureNamed(name string) failure {
	for _, f := range failures {
		if f.name == name {
			return f
		}
	}
	panic("no such failure: " + name)
}

// TestEngineUnderPolicy: a page that may not compile WebAssembly has the engine in a worker
// that may.
func TestEngineUnderPolicy(t *testing.T) {
	Need(t)
	strict := byEngine
	strict.page = "/strict"
	c := openColumn(t, Start(t, 0), strict, byOwn)
	if place := c.play(t, failures[0]); place != "with the target" {
		t.Errorf("the customer is %s", place)
	}
	var may json.RawMessage
	c.tab.Read("crm.compiles()", &may)
	if string(may) != "false" {
		t.Errorf("the page may compile WebAssembly: %s", may)
	}
}
