package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// digester is the state of the digest sub-command.
type digester struct {
	*app
	modelFlags
	out string
}

func (a *app) digestCommand() *cobra.Command {
	f := &digester{app: a}
	c := &cobra.Command{
		Use:   "digest MODEL",
		Short: "Print a hash of the model's outputs on deterministic inputs",
		Long: `Digest runs a model on pseudo-random inputs that are the same everywhere and prints a hash of the outputs. Two machines,
instruction-set levels, thread counts or batch sizes that print the same line computed the same bytes. A model whose
convolutions and dense layers are all integer has one digest everywhere; --write puts it into the file's metadata, and
--check-digest, of this and other commands, compares.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args[0]) },
	}
	f.register(c)
	c.Flags().IntVar(&f.batch, "batch", 1, "batch size; the digest does not depend on it")
	c.Flags().StringVar(&f.out, "write", "", "write the model with its digest to this file, which may be MODEL itself")
	return c
}

func (f *digester) run(model string) error {
	g, err := f.load(model)
	if err != nil {
		return err
	}
	p, err := f.compile(g)
	if err != nil {
		return err
	}
	if f.out != "" {
		return f.write(model, p)
	}
	sum, err := digest.Of(p)
	if err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "%s  %s\n", sum, model)
	if p.RequireInteger() != nil {
		fmt.Fprintf(f.stderr, "octet: layers run in float: this digest holds for level %s only\n", p.Level())
	}
	return nil
}

// write writes the model's file with the digest of a program made from it.
func (f *digester) write(model string, p *runtime.Program) error {
	if model == "-" {
		return usageError{errors.New("--write takes a model file, not standard input")}
	}
	sum, err := digest.Portable(p)
	if err != nil {
		return err
	}
	data, err := f.read(model)
	if err != nil {
		return err
	}
	if data, err = loader.SetMetadata(data, digest.Key, sum); err != nil {
		return fmt.Errorf("%s: %w", model, err)
	}
	if err := replaceFile(f.out, data); err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "%s  %s\n", sum, f.out)
	return nil
}

// replaceFile writes a file whole or not at all, so that one that was there is not lost.
func replaceFile(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails where it was renamed
	_, err = temp.Write(data)
	mode := os.FileMode(0o644)
	if info, e := os.Stat(path); e == nil {
		mode = info.Mode().Perm()
	}
	if err := errors.Join(err, temp.Chmod(mode), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// withDigest returns a model file with its digest in the metadata, and the digest; the file as it is and no digest
// where layers run in float, so that levels differ.
func withDigest(data []byte, threads int) ([]byte, string, error) {
	g, err := loader.Decode(data)
	if err != nil {
		return nil, "", err
	}
	p, err := runtime.Compile(g, runtime.Threads(threads), runtime.Float32())
	if err != nil {
		return nil, "", err
	}
	sum, err := digest.Portable(p)
	if errors.Is(err, runtime.ErrFloat) {
		data, err = loader.SetMetadata(data, digest.Key, "")
		return data, "", err
	}
	if err != nil {
		return nil, "", err
	}
	data, err = loader.SetMetadata(data, digest.Key, sum)
	return data, sum, err
}
