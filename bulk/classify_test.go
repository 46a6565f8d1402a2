package bulk

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
)

func init() {
	register.Function1x1(resultLine)
	register.Function1x1(unreadableLine)
}

func resultLine(r Result) string {
	return fmt.Sprintf("%s %s %d %d %v", filepath.Base(r.Path), r.Model, len(r.Classes), r.Classes[0].Index, r.Classes[0].Probability > r.Classes[1].Probability)
}

func unreadableLine(u Unreadable) string { return filepath.Base(u.Path) + " " + u.Kind }

func TestEveryPictureIsInOneOfTheTwoCollections(t *testing.T) {
	folder := t.TempDir()
	var good []any
	for path, digit := range picturesIn(t, folder, 7) {
		good = append(good, fmt.Sprintf("%s 4e165c7d671fbed2 2 %d true", filepath.Base(path), digit))
	}
	write(t, folder, "text.png", []byte("no picture"))
	write(t, folder, "zempty.png", nil)
	p, s := beam.NewPipelineWithRoot()
	pictures := beam.Flatten(s, Pictures(s, filepath.Join(folder, "*.png")), beam.Create(s, filepath.Join(folder, "nowhere.png"), "gopher://x/y.png"))
	results, unreadable := Classify(s, pictures, digitOptions())
	passert.Equals(s, beam.ParDo(s, resultLine, results), good...)
	passert.Equals(s, beam.ParDo(s, unreadableLine, unreadable), "text.png format", "zempty.png format", "nowhere.png read", "y.png read")
	r := runPipeline(t, p)
	counts := make(map[string]int64)
	for _, c := range r.Metrics().AllMetrics().Counters() {
		counts[c.Name()] += c.Result()
	}
	if counts["pictures"] != 25 || counts["unreadable"] != 4 || counts["bytes"] == 0 {
		t.Errorf("counters %v", counts)
	}
	var names []string
	for _, d := range Timings(r) {
		names = append(names, d.Name)
		if d.Count < 21 || d.Least > d.Mean || d.Mean > d.Most || d.Name != "read_us" && d.Least <= 0 {
			t.Errorf("%+v", d)
		}
	}
	slices.Sort(names)
	if want := []string{"prepare_us", "read_us", "run_us"}; !slices.Equal(names, want) {
		t.Errorf("distributions %v", names)
	}
}

func TestAPatternWithoutPicturesFailsTheJob(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	Classify(s, Pictures(s, filepath.Join(t.TempDir(), "*.png")), digitOptions())
	if _, err := beamx.RunWithMetrics(t.Context(), p); err == nil || !strings.Contains(err.Error(), ErrNoPictures.Error()) {
		t.Errorf("error %v", err)
	}
}

func TestAModelThatCannotBeLoadedFailsTheJob(t *testing.T) {
	folder := t.TempDir()
	picturesIn(t, folder, 1)
	o := digitOptions()
	o.Digest = strings.Repeat("0", 64)
	p, s := beam.NewPipelineWithRoot()
	Classify(s, Pictures(s, filepath.Join(folder, "*.png")), o)
	if _, err := beamx.RunWithMetrics(t.Context(), p); err == nil || !strings.Contains(err.Error(), "want 0000") {
		t.Errorf("error %v", err)
	}
}

func TestTransformsRefuseWhatTheyCannotDo(t *testing.T) {
	for name, build := range map[string]func(s beam.Scope, pictures beam.PCollection){
		"no model":         func(s beam.Scope, c beam.PCollection) { Classify(s, c, Options{}) },
		"negative threads": func(s beam.Scope, c beam.PCollection) { Classify(s, c, Options{Model: "x", Threads: -1}) },
		"windows": func(s beam.Scope, c beam.PCollection) {
			Classify(s, beam.WindowInto(s, window.NewFixedWindows(time.Minute), c), digitOptions())
		},
		"no prefix": func(s beam.Scope, c beam.PCollection) { ClassifyToFiles(s, c, digitOptions(), Files{}) },
		"a format": func(s beam.Scope, c beam.PCollection) {
			ClassifyToFiles(s, c, digitOptions(), Files{Prefix: "x", Format: "xml"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if err, ok := recover().(error); !ok || !errors.Is(err, ErrOption) {
					t.Errorf("panic with %v", err)
				}
			}()
			_, s := beam.NewPipelineWithRoot()
			build(s, beam.Create(s, "a.png"))
		})
	}
}
