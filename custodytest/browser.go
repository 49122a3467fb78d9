package custodytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// browserFlags make Chromium reproducible and keep it away from the network: every
// name that ends in .example is this machine, every other is unknown.
var browserFlags = map[string]any{
	"headless": true, "no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true,
	"disable-background-networking": true, "disable-component-update": true, "disable-sync": true,
	"disable-default-apps": true, "disable-extensions": true, "disable-dev-shm-usage": true, "no-default-browser-check": true,
	"disable-background-timer-throttling": true, "disable-renderer-backgrounding": true, "disable-backgrounding-occluded-windows": true,
	"disable-hang-monitor": true, "disable-prompt-on-repost": true, "metrics-recording-only": true, "no-proxy-server": true,
	"password-store": "basic", "use-mock-keychain": true, "force-color-profile": "srgb", "hide-scrollbars": true, "lang": "en-GB",
	"disable-features":    "Translate,MediaRouter,OptimizationHints",
	"host-resolver-rules": "MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
}

// browserSweeper reads a pipe of which the test holds the other end. When that end
// closes, the browser $2 is ended and its folder $1 removed, so that nothing is left
// behind however the test ends.
const browserSweeper = `read -r word; kill -KILL "$2" 2>/dev/null
for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" 2>/dev/null && [ ! -e "$1" ] && sleep 0.1 && [ ! -e "$1" ] && exit 0; sleep 0.1; done`

var sharedBrowser struct {
	once sync.Once
	ctx  context.Context
	end  func() // held, so that the sweeper's pipe stays open
	err  error
}

// Browse opens an empty tab of Chromium whose cookies nobody shares, and closes it
// when tb ends. All tests of a binary share one browser, which ends with it, unless
// they ask for flags of their own. A script that fails and a violated content
// security policy fail tb. The window is 1280 × 800.
func Browse(tb testing.TB, flags ...chromedp.ExecAllocatorOption) *Page {
	tb.Helper()
	root := context.Context(nil)
	if len(flags) > 0 {
		ctx, end, err := startBrowser(flags)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(end)
		root = ctx
	} else {
		sharedBrowser.once.Do(func() { sharedBrowser.ctx, sharedBrowser.end, sharedBrowser.err = startBrowser(nil) })
		if sharedBrowser.err != nil {
			tb.Fatal(sharedBrowser.err)
		}
		root = sharedBrowser.ctx
	}
	return newPage(tb, root)
}

// startBrowser runs Chromium with an empty folder for its data.
func startBrowser(flags []chromedp.ExecAllocatorOption) (context.Context, func(), error) {
	program, err := findBrowser()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "custody-browser-")
	if err != nil {
		return nil, nil, err
	}
	var leash *os.File
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(program), chromedp.UserDataDir(dir), chromedp.WindowSize(1280, 800),
		chromedp.Env("LANGUAGE=en_GB", "TZ=Europe/London")}
	for name, value := range browserFlags {
		opts = append(opts, chromedp.Flag(name, value))
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(opts, flags...)...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	end := func() {
		closeBrowser()
		cancel()
		if leash != nil {
			leash.Close()
		}
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		os.RemoveAll(dir)
		return nil, nil, fmt.Errorf("start Chromium: %w", err)
	}
	if leash, err = sweep(dir, chromedp.FromContext(ctx).Browser.Process().Pid); err != nil {
		end()
		return nil, nil, err
	}
	return ctx, end, nil
}

func sweep(dir string, pid int) (*os.File, error) {
	far, leash, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer far.Close()
	cmd := exec.Command("/bin/sh", "-c", browserSweeper, "custody-browser", dir, fmt.Sprint(pid))
	cmd.Stdin = far
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		leash.Close()
		return nil, err
	}
	go cmd.Wait()
	return leash, nil
}

func findBrowser() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("none of " + strings.Join(names, ", ") + " is installed: run scripts/setup.sh")
}
