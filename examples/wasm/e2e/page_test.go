package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// point is a place in the canvas, in parts of its side.
type point struct{ x, y float64 }

var seven = []point{{.25, .2}, {.5, .2}, {.75, .2}, {.65, .4}, {.55, .6}, {.45, .85}}

// padBox returns the canvas's corner and side in the window.
func (b *tab) padBox() box {
	b.Helper()
	b.do(chromedp.ScrollIntoView(chromedp.CSS("#pad")))
	return evaluate[box](b, `(() => { const r = document.getElementById("pad").getBoundingClientRect(); return { X: r.left, Y: r.top, Side: r.width } })()`)
}

// box is a square in the window, in CSS pixels.
type box struct{ X, Y, Side float64 }

// clear clears the drawing.
func (b *tab) clear() {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS("#clear")))
	b.awaitAnswer("Draw a digit")
}

func (b *tab) drawByMouse(points []point) {
	b.Helper()
	pad := b.padBox()
	at := func(p point) (x, y float64) { return pad.X + p.x*pad.Side, pad.Y + p.y*pad.Side }
	x, y := at(points[0])
	b.do(chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft))
	for _, p := range points {
		x, y = at(p)
		b.do(chromedp.MouseEvent(chromedp.MouseMoved, x, y, chromedp.ButtonLeft))
	}
	b.do(chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft))
}

func (b *tab) drawByTouch(points []point) {
	b.Helper()
	pad := b.padBox()
	for i, p := range points {
		kind := input.DispatchTouchEventTypeTouchMove
		if i == 0 {
			kind = input.DispatchTouchEventTypeTouchStart
		}
		at := &input.TouchPoint{X: pad.X + p.x*pad.Side, Y: pad.Y + p.y*pad.Side}
		call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: []*input.TouchPoint{at}})
	}
	call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
}

// drawByKeys draws a one: it moves up, lowers the pen, goes down and lifts it.
func (b *tab) drawByKeys() {
	b.Helper()
	b.do(chromedp.Focus(chromedp.CSS("#pad")))
	press := func(key string, n int) {
		for range n {
			b.do(chromedp.KeyEvent(key))
		}
	}
	press(kb.ArrowUp, 3)
	press(" ", 1)
	press(kb.ArrowDown, 18)
	press(" ", 1)
}

// drop drops files on the page.
func (b *tab) drop(path string) {
	b.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		b.Fatal(err)
	}
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: []string{path}, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		call(b, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 20, Y: 20, Data: data})
	}
}

// screen writes a picture of the whole page.
func (b *tab) screen(name string, width int64, dark bool) {
	b.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 844, DeviceScaleFactor: 1, Mobile: width < 600})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if wide := evaluate[int64](b, "document.documentElement.scrollWidth"); wide > width {
		b.Errorf("%s: the page is %d pixels wide in a window of %d", name, wide, width)
	}
	if *screens == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screens, name+".png"), picture, 0o644); err != nil {
		b.Error(err)
	}
}

func TestPage(t *testing.T) {
	b := browse(t)
	s := serve(t)
	octet := goBuild(t, t.TempDir(), "./cmd/octet")
	b.open(s)

	want, err := exec.Command(octet, "digest", digits+"digits.onnx").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, sum := b.text("digest"), strings.Fields(string(want))[0]; got != sum {
		t.Errorf("digest %s, natively %s", got, sum)
	}
	if got := b.text("kernels"); got != "generic" {
		t.Errorf("kernel set %q", got)
	}

	b.drawByMouse(seven)
	b.awaitAnswer("7, ")
	if bars := evaluate[int](b, `document.querySelectorAll("#classes progress").length`); bars != 5 || !strings.Contains(b.text("time"), "ms an inference") {
		t.Errorf("%d bars, time %q", bars, b.text("time"))
	}
	b.screen("draw-1280", 1280, false)
	b.screen("draw-1280-dark", 1280, true)
	b.screen("draw-390", 390, false)
	b.screen("draw-390-dark", 390, true)
	b.clear()
	call(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
	b.drawByTouch(seven)
	b.awaitAnswer("7, ")
	call(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{})
	b.clear()
	b.drawByKeys()
	b.awaitAnswer("1, ")
	b.screen("keys-390", 390, false)
	b.do(chromedp.KeyEvent(kb.Delete))
	b.awaitAnswer("Draw a digit")
	b.do(chromedp.Focus(chromedp.CSS(`[data-picture="3.png"]`)), chromedp.KeyEvent(kb.Enter))
	b.awaitAnswer("3, ")
	b.drop(digits + "8.png")
	b.awaitAnswer("8, ")
	b.screen("drop-1280", 1280, false)
	b.drop("doc.go")
	b.await("an error", `!document.getElementById("problem").hidden`)
	b.drop(digits + "7.png")
	b.awaitAnswer("7, ")
	b.checkQuiet()
}

func TestThePageOutlivesItsServer(t *testing.T) {
	b := browse(t)
	s := serve(t)
	b.open(s)
	b.await("the service worker", `navigator.serviceWorker.controller !== null`)
	s.stop()
	b.do(chromedp.Reload())
	b.await("digest", `document.getElementById("digest").textContent.startsWith("v1:")`)
	b.drawByMouse(seven)
	b.awaitAnswer("7, ")
}

func TestAnotherModel(t *testing.T) {
	model := data(t, "mlperftiny_resnet8_cifar10_int8.tflite")
	b := browse(t)
	b.open(serve(t))
	b.drop(model)
	b.await("the model", `document.getElementById("name").textContent.startsWith("mlperftiny")`)
	b.do(chromedp.Click(chromedp.CSS("#compute")))
	b.await("digest", `document.getElementById("digest").textContent.startsWith("v1:")`)
	octet := goBuild(t, t.TempDir(), "./cmd/octet")
	want, err := exec.Command(octet, "digest", model).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, sum := b.text("digest"), strings.Fields(string(want))[0]; got != sum {
		t.Errorf("digest %s, natively %s", got, sum)
	}
	b.drop(digits + "8.png")
	b.await("an answer", `document.querySelectorAll("#classes li").length === 5`)
	b.checkQuiet()
}

// BenchmarkMobileNetV2 reports how many times longer than with native generic kernels an inference takes in the browser: the
// ratio of the medians of six runs of each, in turns.
func BenchmarkMobileNetV2(bench *testing.B) {
	const runs = 6
	model := data(bench, "tf2_mobilenet_v2_1.0_224_int8.tflite")
	octet := goBuild(bench, bench.TempDir(), "./cmd/octet")
	b := browse(bench)
	b.open(serve(bench))
	b.drop(model)
	b.await("the model", `document.getElementById("name").textContent.startsWith("tf2")`)
	picture := digits + "8.png"
	page := func() float64 {
		evaluate[string](b, `document.getElementById("time").textContent = ""`)
		b.drop(picture)
		b.await("a time", `document.getElementById("time").textContent.includes("ms")`)
		return evaluate[float64](b, `parseFloat(document.getElementById("time").textContent)`)
	}
	page() // the browser compiles again what is hot
	for bench.Loop() {
		var wasm, native []float64
		for range runs {
			wasm = append(wasm, page())
			native = append(native, classifyNatively(bench, octet, model, picture).Time)
		}
		bench.Logf("wasm %.0f ms, native generic %.0f ms", wasm, native)
		bench.ReportMetric(median(wasm)/median(native), "times-native")
	}
}

// median returns the mean of the middle two of an even number of values.
func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
