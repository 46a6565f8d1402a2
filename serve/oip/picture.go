package oip

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/vision"
)

// pictures makes the model's input of a BYTES tensor that holds files with pictures. The caller calls release when the input is not
// used any more.
func (c *call) pictures(ctx context.Context, t *Tensor) (n int, inputs []*graph.Tensor, release func(), err error) {
	v := c.version
	info := v.Program.Inputs()[0]
	if t.Name != info.Name {
		return 0, nil, nil, fmt.Errorf("%w: model %q has no input %.100q", ErrInvalid, v.Model, t.Name)
	}
	if v.Pipeline == nil {
		return 0, nil, nil, fmt.Errorf("%w: input %q: datatype BYTES: the model takes no pictures: %w", ErrInvalid, t.Name, v.NoPicture)
	}
	most := v.Program.MaxBatch()
	files, err := SplitBytes(t.Data, most)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("input %q: %w", t.Name, err)
	}
	elements := int64(1)
	for _, d := range t.Shape {
		if d < 1 || d > int64(len(files)) {
			return 0, nil, nil, fmt.Errorf("%w: input %q: shape %v, but %d elements", ErrInvalid, t.Name, t.Shape, len(files))
		}
		elements *= d
		if elements > int64(len(files)) {
			break
		}
	}
	if elements != int64(len(files)) || len(t.Shape) == 0 {
		return 0, nil, nil, fmt.Errorf("%w: input %q: shape %v, but %d elements", ErrInvalid, t.Name, t.Shape, len(files))
	}
	if n = len(files); n < most && !v.Program.Dynamic() {
		return 0, nil, nil, fmt.Errorf("%w: batch %d: model %q takes %d and no other number", ErrInvalid, n, v.Model, most)
	}
	size := v.Pipeline.Spec().Bytes()
	if err := c.service.options.Budget.Take(int64(n * size)); err != nil {
		return 0, nil, nil, err
	}
	release = func() { c.service.options.Budget.Give(int64(n * size)) }
	data := make([]byte, n*size)
	parts := make([]Times, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(c.service.decoders))
	for i, file := range files {
		goSafely(group, func() error {
			if err := c.picture(ctx, file, data[i*size:(i+1)*size], &parts[i]); err != nil {
				return fmt.Errorf("input %q: picture %d: %w", t.Name, i, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		release()
		again(err)
		return 0, nil, nil, err
	}
	for _, p := range parts {
		c.times.Decode += p.Decode
		c.times.Preprocess += p.Preprocess
	}
	shape := info.Shape.Bind(n)
	return n, []*graph.Tensor{{DType: info.DType, Shape: shape, Data: data}}, release, nil
}

// panicked is the error of a goroutine that panicked.
type panicked struct {
	value any
	stack []byte
}

// Error tells the value and where it was.
func (p *panicked) Error() string { return fmt.Sprintf("%v\n%s", p.value, p.stack) }

// goSafely calls f in a goroutine of a group, and turns a panic, which would end the process, into an error for again.
func goSafely(group *errgroup.Group, f func() error) {
	group.Go(func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = &panicked{p, debug.Stack()}
			}
		}()
		return f()
	})
}

// again panics where a goroutine has: now it is the request that panics, and the transport tells the log where.
func again(err error) {
	var p *panicked
	if errors.As(err, &p) {
		panic("bug: " + p.Error())
	}
}

// picture decodes a file and writes the tensor of its picture. No more pictures are decoded at once than there are decoders, and no
// more pixels than the greatest picture may have.
func (c *call) picture(ctx context.Context, file []byte, dst []byte, times *Times) error {
	s := c.service
	limit := vision.WithMaxPixels(s.options.MaxPixels)
	width, height, err := vision.Size(file, limit, vision.WithMaxBytes(max(1, int64(len(file)))))
	if err != nil {
		return err
	}
	pixels := int64(width) * int64(height)
	if err := s.pixels.Acquire(ctx, pixels); err != nil {
		return context.Cause(ctx)
	}
	defer s.pixels.Release(pixels)
	select {
	case s.decoders <- struct{}{}:
		defer func() { <-s.decoders }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	tracer := s.options.Tracer
	start := time.Now()
	_, span := tracer.Start(ctx, "decode")
	m, err := vision.DecodeBytes(file, limit, vision.WithMaxBytes(max(1, int64(len(file)))))
	failed(span, err)
	span.End()
	times.Decode = time.Since(start)
	if err != nil {
		return err
	}
	start = time.Now()
	_, span = tracer.Start(ctx, "preprocess")
	err = c.version.Pipeline.Apply(m, dst, nil)
	failed(span, err)
	span.End()
	times.Preprocess = time.Since(start)
	return err
}

// ClassifyRequest asks what is in pictures.
type ClassifyRequest struct {
	Model    string
	Version  string   // empty: the latest
	Pictures [][]byte // files of vision.Formats
	Top      int      // classes of each; default 5
	Timeout  time.Duration
}

// Class is what may be in a picture.
type Class struct {
	Label       string // "class 7" where the model has no labels
	Index       int
	Probability float32
}

// Classified is the answer for one picture.
type Classified struct {
	Classes []Class // the most probable first
	Err     error   // why there are none: the file is no picture, or too large
}

// ClassifyResponse answers a ClassifyRequest.
type ClassifyResponse struct {
	Model   string
	Version string
	Results []Classified // one for each picture, in order
	Times   Times        // Decode and Preprocess of all pictures, added; the rest of the picture that was answered last
}

// DefaultTop is how many classes are answered by default.
const DefaultTop = 5

// Classify answers a request. Pictures are put into batches one by one, with those of other requests. A file that is no picture fails
// alone; anything else fails the request.
func (s *Service) Classify(ctx context.Context, req *ClassifyRequest) (*ClassifyResponse, error) {
	return answer(ctx, s, req.Model, req.Version, req.Timeout, func(ctx context.Context, c *call) (*ClassifyResponse, error) { return c.classifyAll(ctx, req) })
}

// classifyAll answers a request that has begun.
func (c *call) classifyAll(ctx context.Context, req *ClassifyRequest) (*ClassifyResponse, error) {
	v := c.version
	switch {
	case v.Pipeline == nil:
		return nil, fmt.Errorf("%w: model %q takes no pictures: %w", ErrInvalid, v.Model, v.NoPicture)
	case v.Program.MaxBatch() > 1 && !v.Program.Dynamic():
		return nil, fmt.Errorf("%w: model %q takes %d pictures at once and no other number", ErrInvalid, v.Model, v.Program.MaxBatch())
	case v.Classes() == 0:
		return nil, fmt.Errorf("%w: model %q has no scores for each picture", ErrInvalid, v.Model)
	case len(req.Pictures) == 0:
		return nil, fmt.Errorf("%w: no picture", ErrInvalid)
	case req.Top < 0:
		return nil, fmt.Errorf("%w: top %d: want a positive number", ErrInvalid, req.Top)
	}
	top := req.Top
	if top == 0 {
		top = DefaultTop
	}
	res := &ClassifyResponse{Model: v.Model, Version: v.Version(), Results: make([]Classified, len(req.Pictures))}
	parts := make([]Times, len(req.Pictures))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(c.service.decoders) + v.Program.MaxBatch())
	for i, file := range req.Pictures {
		goSafely(group, func() error {
			classes, err := c.classify(ctx, file, top, &parts[i])
			if code := CodeOf(err); err != nil && code != Unsupported && code != TooLarge {
				return fmt.Errorf("picture %d: %w", i, err)
			}
			res.Results[i] = Classified{classes, err}
			return nil
		})
	}
	err := group.Wait()
	again(err)
	for _, p := range parts {
		decode, preprocess := c.times.Decode+p.Decode, c.times.Preprocess+p.Preprocess
		if p.Queued.Add(p.Wait).After(c.times.Queued.Add(c.times.Wait)) {
			c.times = p
		}
		c.times.Decode, c.times.Preprocess = decode, preprocess
	}
	res.Times = c.times
	if err != nil {
		return nil, err
	}
	for _, r := range res.Results {
		if r.Err == nil {
			c.n++
		}
	}
	if len(res.Results) == 1 && res.Results[0].Err != nil {
		return nil, res.Results[0].Err
	}
	return res, nil
}

// classify answers one picture.
func (c *call) classify(ctx context.Context, file []byte, top int, times *Times) ([]Class, error) {
	v := c.version
	size := v.Pipeline.Spec().Bytes()
	budget := c.service.options.Budget
	if err := budget.Take(int64(size)); err != nil {
		return nil, err
	}
	defer budget.Give(int64(size))
	data := make([]byte, size)
	if err := c.picture(ctx, file, data, times); err != nil {
		return nil, err
	}
	info := v.Program.Inputs()[0]
	out, ran, err := c.run(ctx, 1, []*graph.Tensor{{DType: info.DType, Shape: info.Shape.Bind(1), Data: data}})
	times.Times = ran
	if err != nil {
		return nil, err
	}
	scores := out[0].Reals(v.Program.Outputs()[0].Quant, nil)
	var classes []Class
	for _, class := range vision.TopK(vision.Probabilities(scores), top) {
		classes = append(classes, Class{Label: v.Labels.Name(class.Index), Index: class.Index, Probability: class.Score})
	}
	return classes, nil
}
