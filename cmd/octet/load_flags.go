package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/serve/load"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/vision"
)

// loadInputs choose what requests hold.
type loadInputs struct {
	pictures, tensors []string
	inputs            int
}

// randomTensors is the value of --tensors that stands for no file.
const randomTensors = "random"

func (f *loadInputs) register(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.pictures, "pictures", nil, "files with pictures, and folders of such")
	c.Flags().StringSliceVar(&f.tensors, "tensors", nil, "NumPy files, which are cut into batches, or random (default random, without --pictures)")
	c.Flags().IntVar(&f.inputs, "inputs", load.DefaultInputs, "different requests of random tensors")
}

// read fills in the inputs.
func (f *loadInputs) read(o *load.Options) error {
	if len(f.pictures) > 0 && len(f.tensors) > 0 {
		return usageError{errors.New("--pictures and --tensors exclude each other")}
	}
	o.Inputs = f.inputs
	for _, path := range f.pictures {
		files, err := pictureFiles(path)
		if err != nil {
			return err
		}
		o.Pictures = append(o.Pictures, files...)
	}
	if len(f.tensors) == 1 && f.tensors[0] == randomTensors {
		return nil
	}
	for _, path := range f.tensors {
		t, err := npy.ReadFile(path)
		if err != nil {
			return err
		}
		in := load.Tensor{Datatype: string(oip.DatatypeOf(t.DType)), Data: t.Data}
		for _, d := range t.Shape {
			in.Shape = append(in.Shape, int64(d))
		}
		o.Tensors = append(o.Tensors, in)
	}
	return nil
}

// pictureFiles returns the file at path, whatever it holds, or the files with pictures of the folder there.
func pictureFiles(path string) ([][]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		data, err := os.ReadFile(path)
		return [][]byte{data}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files [][]byte
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			return nil, err
		}
		if _, _, err := vision.Size(data); err == nil {
			files = append(files, data)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no file is a picture of %v", path, vision.Formats())
	}
	return files, nil
}

// loadAccess is how the server is reached.
type loadAccess struct {
	headers             []string
	tokenFile           string
	authority           string
	certificate, key    string
	trustAnyCertificate bool
}

func (f *loadAccess) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.headers, "header", nil, "'Name: value' of each request, with gRPC as metadata; may be repeated")
	c.Flags().StringVar(&f.tokenFile, "token-file", "", "file with a bearer token")
	c.Flags().StringVar(&f.authority, "ca", "", "PEM file with the authorities that the server's certificate is from (default: the system's)")
	c.Flags().BoolVar(&f.trustAnyCertificate, "insecure", false, "take any certificate of the server")
	c.Flags().StringVar(&f.certificate, "cert", "", "PEM file with the client's certificate")
	c.Flags().StringVar(&f.key, "key", "", "PEM file with its private key")
}

// read fills in headers and certificates.
func (f *loadAccess) read(o *load.Options) error {
	o.Header = make(http.Header)
	for _, line := range f.headers {
		if err := addHeader(o.Header, line); err != nil {
			return err
		}
	}
	if f.tokenFile != "" {
		token, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return err
		}
		o.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	if (f.certificate == "") != (f.key == "") {
		return usageError{errors.New("--cert and --key go together")}
	}
	if f.authority != "" && f.trustAnyCertificate {
		return usageError{errors.New("--ca and --insecure exclude each other")}
	}
	o.TLS = &tls.Config{InsecureSkipVerify: f.trustAnyCertificate}
	if f.authority != "" {
		pem, err := os.ReadFile(f.authority)
		if err != nil {
			return err
		}
		o.TLS.RootCAs = x509.NewCertPool()
		if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s: no certificate in PEM form", f.authority)
		}
	}
	if f.certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return err
		}
		o.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}
