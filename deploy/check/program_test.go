package check

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is the folder of the core module.
const repository = "../.."

var (
	helpFlag     = regexp.MustCompile(`--([a-z0-9-]+)`) // a flag in what --help prints
	manifestFlag = regexp.MustCompile(`(?m)^\s*- --([a-z0-9-]+)=`)
)

// Every flag that a container gives to octet serve is one of its flags.
func TestFlagsOfTheCommand(t *testing.T) {
	program := filepath.Join(t.TempDir(), "octet")
	build := exec.Command("go", "build", "-o", program, "./cmd/octet")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	help, err := exec.Command(program, "serve", "--help").CombinedOutput()
	if err != nil && strings.Contains(string(help), "unknown command") {
		t.Skipf("this octet has no serve: %s", help)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, help)
	}
	known := helpFlag.FindAllString(string(help), -1)
	files, err := yamlFiles(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	var used [][]string
	for _, name := range files.names {
		used = append(used, manifestFlag.FindAllStringSubmatch(string(files.data[name]), -1)...)
	}
	if len(used) == 0 {
		t.Fatal("no flag found")
	}
	for _, flag := range used {
		if !slices.Contains(known, "--"+flag[1]) {
			t.Errorf("octet serve has no --%s; it has %s", flag[1], known)
		}
	}
}

func dockerfile(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The image is the static program alone, as the user that the manifests name, on their ports.
func TestDockerfile(t *testing.T) {
	text := dockerfile(t)
	build, image, ok := strings.Cut(text, "\nFROM scratch\n")
	if !ok {
		t.Fatal("the last stage is not FROM scratch")
	}
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "./cmd/octet"} {
		if !strings.Contains(build, want) {
			t.Errorf("the build has no %s", want)
		}
	}
	if strings.Contains(image, "\nRUN ") || strings.Contains(image, "\nHEALTHCHECK ") {
		t.Error("an image from scratch has no shell to run anything by")
	}
	objects, err := Read(deployment, read(t, "../"+deployment))
	if err != nil {
		t.Fatal(err)
	}
	s := set{}
	if err := s.collect(objects[0]); err != nil {
		t.Fatal(err)
	}
	spec := s.pods[0].spec
	user := spec.SecurityContext
	for _, want := range []string{
		fmt.Sprintf("\nUSER %d:%d\n", *user.RunAsUser, *user.RunAsGroup),
		fmt.Sprintf("\nEXPOSE %d %d %d\n", spec.Containers[0].Ports[0].ContainerPort, spec.Containers[0].Ports[1].ContainerPort, spec.Containers[0].Ports[2].ContainerPort),
		"\nENTRYPOINT [\"/octet\"]\n", // args begin with serve
	} {
		if !strings.Contains(image, want) {
			t.Errorf("no %q", want)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// No file that the image's program is built of is kept from the build by .dockerignore. Its lines here are paths from the
// root and **/PATTERN for names of files or folders anywhere.
func TestDockerignore(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f",
		`{{if and .Module .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .SFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}`,
		"./cmd/octet", "./examples/embed/server")
	list.Dir = repository
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(out))
	if len(files) < 100 {
		t.Fatalf("the program has %d files", len(files))
	}
	var patterns []string
	for _, line := range strings.Split(string(read(t, repository+"/.dockerignore")), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	for _, file := range append(files, root+"/go.mod", root+"/go.sum") {
		name := strings.TrimPrefix(filepath.ToSlash(file), filepath.ToSlash(root)+"/")
		for _, pattern := range patterns {
			if ignored(pattern, name) {
				t.Errorf(".dockerignore: %s leaves out %s", pattern, name)
			}
		}
	}
}

// ignored reports whether a pattern of .dockerignore matches a file or a folder above it.
func ignored(pattern, name string) bool {
	anywhere, ok := strings.CutPrefix(pattern, "**/")
	if !ok {
		return name == pattern || strings.HasPrefix(name, pattern+"/")
	}
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		match, err := path.Match(anywhere, part)
		return match || err != nil
	})
}
