package rpc

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/octet-ml/octet/serve/oip"
)

// statusCodes are gRPC's codes by kind of error.
var statusCodes = [oip.Codes]codes.Code{
	oip.OK:              codes.OK,
	oip.Invalid:         codes.InvalidArgument,
	oip.Unauthenticated: codes.Unauthenticated,
	oip.Forbidden:       codes.PermissionDenied,
	oip.NotFound:        codes.NotFound,
	oip.TooLarge:        codes.ResourceExhausted,
	oip.Unsupported:     codes.InvalidArgument,
	oip.Exhausted:       codes.ResourceExhausted,
	oip.Cancelled:       codes.Canceled,
	oip.Internal:        codes.Internal,
	oip.Unavailable:     codes.Unavailable,
	oip.Deadline:        codes.DeadlineExceeded,
}

// defaultRetry is after which time a client may try again where nothing is known.
const defaultRetry = time.Second

// retryAfter returns after which time a client may try again, and whether it makes sense at all.
func retryAfter(err error) (time.Duration, bool) {
	if code := oip.CodeOf(err); code != oip.Exhausted && code != oip.Unavailable {
		return 0, false
	}
	return or(oip.RetryAfter(err), defaultRetry), true
}

// statusOf returns the status that tells an error, which may be one already.
func statusOf(err error) *status.Status {
	if st, ok := status.FromError(err); ok {
		return st
	}
	st := status.New(statusCodes[oip.CodeOf(err)], err.Error())
	if delay, ok := retryAfter(err); ok {
		if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}); err == nil {
			st = with
		}
	}
	return st
}

// pushback is the trailer by which a server tells clients with a retry policy when to try again, in milliseconds.
const pushback = "grpc-retry-pushback-ms"

// fail returns the error of a call with its status, and sets the trailer of one that may be tried again.
func fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if delay, ok := retryAfter(err); ok {
		// It fails outside of a call only, where there is nobody to tell.
		_ = grpc.SetTrailer(ctx, metadata.Pairs(pushback, strconv.FormatInt(max(1, delay.Milliseconds()), 10)))
	}
	return statusOf(err).Err()
}
