package guard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/octet-ml/octet/serve/oip"
)

// Access says who may do what. A token that Admin has is good for all.
type Access struct {
	Tokens *Tokens // of those who may ask; nil: anybody
	Admin  *Tokens // of those who may load and unload models; nil: those who may ask
	// Exempt lists paths of HTTP and full names of gRPC methods that need no token, such as /v2/health/live. gRPC's own health service
	// never needs one.
	Exempt []string
}

// admins are the gRPC methods that change what serves.
var admins = []string{"/inference.GRPCInferenceService/RepositoryModelLoad", "/inference.GRPCInferenceService/RepositoryModelUnload"}

// repositoryPath begins the paths of HTTP that change what serves.
const repositoryPath = "/v2/repository/models/"

// errAbsent is the error of a request without a token.
var errAbsent = fmt.Errorf("%w: want a bearer token", oip.ErrUnauthenticated)

// check returns an error wrapping oip.ErrUnauthenticated or oip.ErrForbidden unless a request with an Authorization header may have what
// it asks for.
func (a *Access) check(what, authorization string) error {
	if slices.Contains(a.Exempt, what) || strings.HasPrefix(what, "/grpc.health.v1.Health/") {
		return nil
	}
	admin := slices.Contains(admins, what) || strings.HasPrefix(what, repositoryPath)
	if a.Tokens == nil && (a.Admin == nil || !admin) {
		return nil
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errAbsent
	}
	asks := a.Tokens != nil && a.Tokens.Has(token)
	rules := a.Admin != nil && a.Admin.Has(token)
	switch {
	case rules || asks && (!admin || a.Admin == nil):
		return nil
	case asks:
		return fmt.Errorf("%w: the token is not one of those that may load and unload models", oip.ErrForbidden)
	}
	return fmt.Errorf("%w: the token is not valid", oip.ErrUnauthenticated)
}

// HTTP returns middleware that lets through who may pass, and hands others to refuse, such as rest.WriteError, with an error that is 401 or
// 403 of. The header WWW-Authenticate is set then.
func (a *Access) HTTP(refuse func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := a.check(path.Clean(r.URL.Path), r.Header.Get("Authorization"))
			if err == nil {
				next.ServeHTTP(w, r)
				return
			}
			// RFC 6750, section 3: no code of an error where there was no token.
			challenge := `Bearer realm="octet"`
			switch {
			case errors.Is(err, oip.ErrForbidden):
				challenge += `, error="insufficient_scope"`
			case !errors.Is(err, errAbsent):
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			refuse(w, r, err)
		})
	}
}

// Tap is a tap.ServerInHandle, which refuses as Unary does, from the header alone: nothing that the client sends after it is kept.
func (a *Access) Tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	return ctx, a.rpc(info.Header, info.FullMethodName)
}

// rpc is check for a call with the given metadata.
func (a *Access) rpc(header metadata.MD, method string) error {
	authorization := ""
	if list := header.Get("authorization"); len(list) > 0 {
		authorization = list[0]
	}
	err := a.check(method, authorization)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, oip.ErrForbidden):
		return status.Error(codes.PermissionDenied, err.Error())
	}
	return status.Error(codes.Unauthenticated, err.Error())
}

// Unary returns an interceptor that lets through who may pass, and answers others with UNAUTHENTICATED or PERMISSION_DENIED.
func (a *Access) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		header, _ := metadata.FromIncomingContext(ctx)
		if err := a.rpc(header, info.FullMethod); err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// Stream is Unary for streams.
func (a *Access) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		header, _ := metadata.FromIncomingContext(ss.Context())
		if err := a.rpc(header, info.FullMethod); err != nil {
			return err
		}
		return handler(srv, ss)
	}
}
