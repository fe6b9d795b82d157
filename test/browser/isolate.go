package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Install is the line that installs on Debian the programs that tests with a browser
// need, where npm is missing.
const Install = "apt-get install --no-install-recommends chromium firefox-esr iproute2 npm"

// Address is the address of this machine in the network of the tests. Browsers
// send no audio to loopback addresses, so the server must take it here.
const Address = "10.77.0.1"

// WithoutUDP is the first of 1000 ports of Address to which no UDP gets, as in networks
// that block it. TCP does.
const WithoutUDP = 30000

// network makes that network, for ip. It takes an interface, and a pair of them
// is the least that exists everywhere. No address may come later by itself: browsers
// abort their loading when the network changes. Rules of Cut come before those for
// addresses of this machine.
const network = `
link set lo up
link add holdfast0 type veth peer name holdfast1
link set holdfast0 addrgenmode none
link set holdfast1 addrgenmode none
address add ` + Address + `/30 dev holdfast0
link set holdfast0 up
link set holdfast1 up
rule add pref 32000 lookup local
rule add pref 1 ipproto udp to ` + Address + ` dport 30000-30999 blackhole
rule del pref 0
`

const (
	askedEnv = "HOLDFAST_BROWSER"
	// insideEnv is set in the network of the tests, to the file of the library, sdkEnv
	// to the directory of the SDK's packages, and npmEnv to npm's cache.
	insideEnv = "HOLDFAST_BROWSER_LIBRARY"
	sdkEnv    = "HOLDFAST_BROWSER_SDK"
	npmEnv    = "HOLDFAST_BROWSER_NPM"
)

// Asked reports whether tests may use a browser. HOLDFAST_BROWSER has to ask for
// it, because most machines have none.
func Asked() bool { return os.Getenv(askedEnv) != "" }

// All reports whether the tests that take long are wanted, too.
func All() bool { return os.Getenv(askedEnv) == "all" }

// Need skips a test unless it may use a browser.
func Need(t testing.TB) {
	t.Helper()
	if !Asked() {
		t.Skip("set " + askedEnv + "=1 to test with a browser; what that needs comes with: " + Install)
	}
	if os.Getenv(insideEnv) == "" {
		t.Fatal("TestMain does not call browser.Main")
	}
}

// Main is m.Run for tests that may use a browser. If they may, it gets the
// library, and runs this program again in a network namespace, which ends with
// it.
func Main(m *testing.M) int {
	if !Asked() {
		return m.Run()
	}
	if os.Getenv(insideEnv) != "" {
		if err := makeNetwork(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}
	code, err := inside()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// inside runs this program again in a network namespace, and returns its exit
// code.
func inside() (int, error) {
	for _, program := range []string{chromium(), firefox(), "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			return 0, fmt.Errorf("%s is missing: %s", program, Install)
		}
	}
	library, err := streams.get()
	if err != nil {
		return 0, err
	}
	packages, err := sdk.get()
	if err != nil {
		return 0, err
	}
	cache, err := npmCache()
	if err != nil {
		return 0, fmt.Errorf("filling npm's cache: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("finding this program: %w", err)
	}
	again := exec.Command(self, os.Args[1:]...)
	again.Env = append(os.Environ(), insideEnv+"="+library, sdkEnv+"="+packages, npmEnv+"="+cache)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = namespace()
	runtime.LockOSThread() // with the thread that has started it, the program ends, too
	defer runtime.UnlockOSThread()
	err = again.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return 0, fmt.Errorf("running the tests in a network of their own: %w", err)
	}
	return 0, nil
}

// namespace is a new network namespace. Only root can make one alone; other users
// become root in a new user namespace.
func namespace() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if user := os.Getuid(); user != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{HostID: user, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return a
}

func makeNetwork() error {
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader(network)
	if said, err := ip.CombinedOutput(); err != nil {
		return fmt.Errorf("making the network of the tests: %w\n%s", err, said)
	}
	return nil
}
