package panel

import (
	"fmt"
	"testing"
)

// fakeMicrophones has the browser have the microphones that window.plugged names. Those
// in window.busy are in use, and window.refusal is the error of all of them. window.sent
// has those whose audio was sent, one after the other. window.path is what becomes of
// the next session: connected, blocked, tampered or lost.
const fakeMicrophones = `{
  Object.assign(window, { plugged: ["Headset", "Webcam"], busy: [], refusal: "", sent: [], path: "connected" });
  const open = [];
  const named = (name) => {
    const track = new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
    const value = (value) => ({ value });
    Object.defineProperties(track, { label: value(name), getSettings: value(() => ({ deviceId: name })), clone: value(() => named(name)) });
    return track;
  };
  const { mediaDevices } = navigator;
  mediaDevices.enumerateDevices = async () => plugged.map((name) => ({ deviceId: name, groupId: "", kind: "audioinput", label: name }));
  mediaDevices.getUserMedia = async ({ audio: { deviceId } }) => {
    const name = plugged.find((p) => p === (deviceId?.exact ?? deviceId?.ideal)) ?? (deviceId?.exact ? undefined : plugged[0]);
    if (refusal || !name || busy.includes(name)) throw new DOMException("for the test", refusal || (name ? "NotReadableError" : "NotFoundError"));
    const track = named(name);
    open.push(track);
    return new MediaStream([track]);
  };
  window.plug = (...names) => {
    plugged = names;
    for (const track of open) {
      if (track.readyState === "ended" || names.includes(track.label)) continue;
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
    mediaDevices.dispatchEvent(new Event("devicechange"));
  };
  const Connected = RTCPeerConnection;
  window.RTCPeerConnection = class extends Connected {
    addTrack(track) { super.addTrack(track); sent.push(track.label); }
    getSenders() { return [{ replaceTrack: async (track) => sent.push(track.label) }]; }
    async setRemoteDescription(answer) {
      if (path === "connected") return super.setRemoteDescription(answer);
      this.iceConnectionState = path === "blocked" ? "failed" : "connected";
      this.connectionState = path === "tampered" ? "failed" : "connecting";
      setTimeout(() => { this.connectionState = "failed"; this.onconnectionstatechange?.(); }, 10);
    }
  };
}`

// microphone waits until the page sends the audio of a microphone.
func (s *screen) microphone(name string) {
	s.t.Helper()
	s.until(fmt.Sprintf(`sent.at(-1) === %q`, name))
}

// Microphones come and go, also during a call, which goes on. The page reports in words
// why there is none.
func TestPageMicrophones(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	openPage(t, w, s, fakeMicrophones)
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	w.customerCalls("c1", agentNamed("ana"))
	for refusal, words := range map[string]string{
		"NotAllowedError":  "The browser does not let this page use the microphone. Allow it beside the page's address",
		"NotFoundError":    "There is no microphone. Connect one; this page uses it at once.",
		"NotReadableError": "The microphone is in use by another program, or does not work. Close that program",
	} {
		s.does(fmt.Sprintf("refusal = %q", refusal))
		s.press("Accept")
		s.shows(words)
		s.shows("Incoming call")
	}
	s.shoot("35 microphone in use")
	s.does(`refusal = ""; busy = ["Headset"]`)
	s.press("Accept")
	s.shows("Talking")
	s.microphone("Webcam")
	s.does(`busy = []; plug("Headset")`)
	s.microphone("Headset")
	s.shows("The microphone is now Headset.")
	s.does("plug()")
	s.shows("The microphone Headset has been disconnected. You hear the call, but the others cannot hear you until a microphone is connected.")
	s.shoot("36 microphone disconnected")
	s.does(`plug("Webcam")`)
	s.microphone("Webcam")
	s.until(`!document.body.innerText.includes("has been disconnected")`)
	s.does(`plug("Headset")`)
	s.microphone("Headset")
	s.does(`plug("Headset", "Webcam")`) // which is back
	s.microphone("Webcam")
	s.until(`!document.querySelector("#banners .bad:not([hidden])")`)
	if n := w.connections("c1", 2); n != 1 {
		t.Errorf("the page has made %d sessions, want one", n)
	}
}

// A session that fails is reported in words, and comes by itself when it can.
func TestPagePaths(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	openPage(t, w, s, fakeMicrophones)
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	w.customerCalls("c1", agentNamed("ana"))
	s.does(`path = "blocked"`)
	s.press("Accept")
	s.shows("There is no audio: your network blocks UDP to the server at 127.0.0.1, port 9. Ask its administrators to allow it.")
	s.shoot("37 network blocks")
	s.does(`path = "tampered"`)
	s.shows("the browser and the server do not agree on its encryption (DTLS)")
	s.does(`path = "connected"`)
	s.until(`!document.body.innerText.includes("There is no audio")`)
}

// The page around is told of a session that fails, and of a lost connection to the
// server, as the library's error types.
func TestLibrarySoftphoneError(t *testing.T) {
	s := chromium(t, withMicrophone)
	d := serveDesktop(t, s)
	s.everywhere(fakeMicrophones + `path = "blocked"`)
	s.visit(d.server.URL + "/ccp-v2/")
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	s.visit(d.url())
	s.shows("ana: Available")
	s.does(`window.errors = []; new connect.Agent().onSoftphoneError((error) => errors.push(error.errorType))`)
	d.accepts()
	s.until(`errors.includes("ice_collection_timeout")`)
	station := d.world.panel.stations["ana"]
	station.do(func() {
		for _, p := range station.pages { // the first is that in which ana logged in
			p.detach(goingAway, "for the test")
		}
	})
	s.until(`errors.includes("signalling_connection_failure")`)
}
