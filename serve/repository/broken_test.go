package repository_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// link makes a symbolic link in a folder.
func link(t testing.TB, folder, path, target string) {
	t.Helper()
	path = filepath.Join(folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// pipe makes a named pipe in a folder, on systems that have a command for it. Who opens one waits until somebody writes.
func pipe(t testing.TB, folder, path string) {
	t.Helper()
	path = filepath.Join(folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("mkfifo", path).Run(); err != nil {
		t.Skip(err)
	}
}

// faults are ways for a model not to load: what makes the model "bad" of a folder so, and part of the reason that is given.
var faults = []struct {
	name   string
	damage func(t testing.TB, folder string)
	reason string
}{
	{"truncated", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t)[:5000])
	}, "onnx"},
	{"garbage", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/1/model.onnx", []byte("this is not a model at all"))
	}, "malformed"},
	{"empty", func(t testing.TB, folder string) { servetest.Write(t, folder, "bad/1/model.onnx", nil) }, "no known format"},
	{"no file", func(t testing.TB, folder string) { servetest.Write(t, folder, "bad/1/notes.txt", nil) }, "none of [model.onnx model.tflite]"},
	{"folder for a file", func(t testing.TB, folder string) { servetest.Write(t, folder, "bad/1/model.onnx/x", nil) }, "no regular file"},
	{"pipe for a file", func(t testing.TB, folder string) {
		pipe(t, folder, "bad/1/model.onnx")
	}, "no regular file"},
	{"damaged weights", func(t testing.TB, folder string) { servetest.Write(t, folder, "bad/1/model.onnx", damaged(t)) }, "digest"},
	{"digest wanted", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/config.json", []byte(`{"digest": true}`))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "carries no digest"},
	{"config is no JSON", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/config.json", []byte(`{"max_batch": `))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "config.json: bad configuration"},
	{"config lists no version", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/config.json", []byte(`{"versions": {"specific": []}}`))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "specific"},
	{"config lists a missing version", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/config.json", []byte(`{"versions": {"specific": [7]}}`))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "version 7"},
	{"config names an input that is not", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/config.json", []byte(`{"input_shapes": {"other": [-1, 3]}}`))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "other"},
	{"labels missing", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/config.json", []byte(`{"labels": "names.txt"}`))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "names.txt"},
	{"labels of another model", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/labels.txt", []byte("cat\ndog\n"))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "2"},
	{"labels outside", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "labels.txt", []byte("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"))
		servetest.Write(t, folder, "bad/config.json", []byte(`{"labels": "../labels.txt"}`))
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "leaves the model's folder"},
	{"labels behind a link outside", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "labels.txt", []byte("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"))
		link(t, folder, "bad/labels.txt", "../labels.txt")
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
	}, "labels"},
	{"pipe for labels", func(t testing.TB, folder string) {
		servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
		pipe(t, folder, "bad/labels.txt")
	}, "no regular file"},
	{"no version", func(t testing.TB, folder string) { servetest.Write(t, folder, "bad/model.onnx", servetest.Digits(t)) }, "no version"},
}

// A model that cannot be loaded says why, at start and later, and leaves the others alone; once it is repaired it serves.
func TestABrokenModelTakesNothingElseDown(t *testing.T) {
	for _, c := range faults {
		check := func(t *testing.T, r *repository.Repository, folder string) {
			for range 2 { // the second time the fault is known
				refresh(t, r)
				wantAnswer(t, r, "digits", servetest.Digits(t))
				e := r.Index()
				if len(e) != 2 || e[0].Name != "bad" || e[0].State != repository.Unavailable {
					t.Fatalf("got\n%s", index(r))
				}
				wantIndex(t, r, "bad..."+c.reason, "digits 1 READY")
				if strings.Contains(e[0].Reason, folder) {
					t.Errorf("the reason tells where the folder is: %s", e[0].Reason)
				}
				if ready := r.Ready(); ready != (c.name == "no version") {
					t.Errorf("ready: %v", ready)
				}
				if _, _, err := answer(r, "bad", ""); err == nil {
					t.Error("bad answers")
				}
			}
			if err := os.RemoveAll(filepath.Join(folder, "bad")); err != nil {
				t.Fatal(err)
			}
			servetest.Write(t, folder, "bad/1/model.onnx", servetest.Digits(t))
			refresh(t, r)
			wantIndex(t, r, "bad 1 READY", "digits 1 READY")
			wantAnswer(t, r, "bad", servetest.Digits(t))
			if !r.Ready() {
				t.Error("not ready")
			}
		}
		t.Run(c.name+"/start", func(t *testing.T) {
			folder := servetest.Folder(t, "digits")
			c.damage(t, folder)
			check(t, servetest.Repository(t, repository.Options{Dir: folder}), folder)
		})
		t.Run(c.name+"/reload", func(t *testing.T) {
			folder := servetest.Folder(t, "digits")
			r := servetest.Repository(t, repository.Options{Dir: folder})
			c.damage(t, folder)
			check(t, r, folder)
		})
	}
}

// A version whose successor cannot be loaded goes on, whatever was done to its own files, and after any number of looks at the folder.
func TestABrokenSuccessorChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(t *testing.T, folder string)
		want  []string
	}{
		{"next version", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/2/model.onnx", servetest.Digits(t)[:5000])
		}, []string{"m 1 READY", "m 2 UNAVAILABLE - ..."}},
		{"next version with a wrong digest", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/2/model.onnx", damaged(t))
		}, []string{"m 1 READY", "m 2 UNAVAILABLE - ...digest"}},
		{"same version", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/1/model.onnx", []byte("garbage of some length"))
		}, []string{"m 1 READY - ...malformed"}},
		{"next version, and the first is gone", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/2/model.onnx", nil)
			if err := os.RemoveAll(filepath.Join(folder, "m/1")); err != nil {
				t.Fatal(err)
			}
		}, []string{"m 1 READY", "m 2 UNAVAILABLE - ..."}},
		{"config", func(t *testing.T, folder string) { servetest.Write(t, folder, "m/config.json", []byte("{")) },
			[]string{"m 1 READY - config.json..."}},
		{"config and next version", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/config.json", []byte(`{"max_batch": -1}`))
			servetest.Write(t, folder, "m/2/model.onnx", variant(t))
		}, []string{"m 1 READY - config.json...max_batch"}},
		{"labels", func(t *testing.T, folder string) { servetest.Write(t, folder, "m/labels.txt", []byte("a\nb\n")) },
			[]string{"m 1 READY - ..."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := servetest.Folder(t, "m")
			r := servetest.Repository(t, repository.Options{Dir: folder})
			before := wantAnswer(t, r, "m", servetest.Digits(t))
			c.write(t, folder)
			for range 3 {
				refresh(t, r)
				if wantAnswer(t, r, "m", servetest.Digits(t)) != before {
					t.Error("another program answers")
				}
				wantIndex(t, r, c.want...)
				if !r.Ready() {
					t.Error("not ready")
				}
			}
			if err := r.Load(context.Background(), "m", nil); err == nil {
				t.Error("Load reports no error")
			}
			for _, path := range []string{"m/config.json", "m/labels.txt", "m/1", "m/2"} {
				if err := os.RemoveAll(filepath.Join(folder, path)); err != nil {
					t.Fatal(err)
				}
			}
			servetest.Write(t, folder, "m/3/model.onnx", variant(t))
			refresh(t, r)
			wantIndex(t, r, "m 3 READY")
			wantAnswer(t, r, "m", variant(t))
		})
	}
}

// After a restart the version that served before a broken one came serves again.
func TestTheLatestVersionThatLoadsServes(t *testing.T) {
	folder := servetest.Folder(t, "m")
	servetest.Write(t, folder, "m/2/model.onnx", variant(t))
	servetest.Write(t, folder, "m/3/model.onnx", nil)
	r := servetest.Repository(t, repository.Options{Dir: folder})
	wantIndex(t, r, "m 2 READY", "m 3 UNAVAILABLE - ...")
	wantAnswer(t, r, "m", variant(t))
	refresh(t, r)
	wantIndex(t, r, "m 2 READY", "m 3 UNAVAILABLE - ...")
	servetest.Write(t, folder, "m/3/model.onnx", servetest.Digits(t))
	refresh(t, r)
	wantIndex(t, r, "m 3 READY")
}

// A server that should be up while any model is says so.
func TestReadyTolerant(t *testing.T) {
	folder := servetest.Folder(t, "digits")
	servetest.Write(t, folder, "bad/1/model.onnx", nil)
	r := servetest.Repository(t, repository.Options{Dir: folder, Tolerant: true})
	if !r.Ready() {
		t.Error("not ready")
	}
	if err := r.Unload("digits"); err != nil {
		t.Fatal(err)
	}
	if r.Ready() {
		t.Error("ready, where nothing serves and something should")
	}
}

func TestDigestIsReported(t *testing.T) {
	folder := t.TempDir()
	servetest.Write(t, folder, "m/config.json", []byte(`{"digest": true}`))
	servetest.Write(t, folder, "m/1/model.onnx", withDigest(t, servetest.Digits(t)))
	r := servetest.Repository(t, repository.Options{Dir: folder})
	if v := wantAnswer(t, r, "m", servetest.Digits(t)); len(v.Digest) != len("v1:")+64 {
		t.Errorf("got %q", v.Digest)
	}
}

// A model that is being loaded for the first time, or again after Unload, does not make the server unready.
func TestReadyDuringALoad(t *testing.T) {
	folder := servetest.Folder(t, "digits")
	var r *repository.Repository
	var ready []bool
	// That a model takes no batches is logged in the middle of its load.
	logger := slog.New(onRecord{slog.DiscardHandler, func(record slog.Record) {
		if record.Message == "model takes no batches" {
			ready = append(ready, r.Ready())
		}
	}})
	r = servetest.Repository(t, repository.Options{Dir: folder, Logger: logger})
	servetest.Write(t, folder, "fixed/config.json", []byte(`{"input_shapes": {"image": [2, 1, 28, 28]}}`))
	servetest.Write(t, folder, "fixed/1/model.onnx", servetest.Digits(t))
	refresh(t, r)
	if err := r.Unload("fixed"); err != nil {
		t.Fatal(err)
	}
	if err := r.Load(ctx, "fixed", nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ready, []bool{true, true}) {
		t.Errorf("ready during loads: %v", ready)
	}
}
