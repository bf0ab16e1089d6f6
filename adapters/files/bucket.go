package files

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// bucketTimeout bounds one call: a part goes, or the next bytes come, within
	// it.
	bucketTimeout = time.Minute
	// bucketAttempts is how often a call is tried within its time.
	bucketAttempts = 3
	// partSize is how much of a file in the making is in memory. S3 takes 10,000
	// parts of 5 MiB or more, so files of up to 80 GB.
	partSize = 8 << 20
)

// BucketOptions are how a bucket is reached.
type BucketOptions struct {
	AccessKeyID string
	SecretKey   access.Token
	// SessionToken belongs to keys that are lent for a while; else empty.
	SessionToken access.Token
	// Timeout bounds one call; zero for a minute.
	Timeout time.Duration
}

// Bucket keeps files in a bucket of S3, or of a service that speaks its
// protocol. What lies directly under its prefix is Soundings' alone.
type Bucket struct {
	client    minio.Core
	transport *http.Transport
	bucket    string
	prefix    string
	timeout   time.Duration
}

// OpenBucket returns the bucket that the address names (see BucketURL). It
// calls nobody.
func OpenBucket(address string, o BucketOptions) (*Bucket, error) {
	u, err := parseBucketURL(address)
	if err != nil {
		return nil, err
	}
	transport, err := minio.DefaultTransport(u.secure)
	if err != nil {
		return nil, fmt.Errorf("the bucket for exports: %w", err)
	}
	client, err := minio.NewCore(u.host, &minio.Options{
		Creds:  credentials.NewStaticV4(o.AccessKeyID, o.SecretKey.Reveal(), o.SessionToken.Reveal()),
		Secure: u.secure, Region: u.region, Transport: transport, MaxRetries: bucketAttempts,
	})
	if err != nil {
		return nil, fmt.Errorf("the bucket for exports: %w", err)
	}
	b := &Bucket{client: *client, transport: transport, bucket: u.bucket, prefix: u.prefix, timeout: o.Timeout}
	if b.timeout <= 0 {
		b.timeout = bucketTimeout
	}
	return b, nil
}

// Close ends the connections that nobody uses.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// Create begins a file: parts of an upload, which S3 shows to nobody before it
// is complete. ctx bounds the whole making of the file.
func (b *Bucket) Create(ctx context.Context, name string) (ports.FileWriter, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return &bucketWriter{ctx: ctx, bucket: b, key: b.key(name)}, nil
}

// Open returns a finished file. ctx bounds its reading.
func (b *Bucket) Open(ctx context.Context, name string) (ports.File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return b.openFile(ctx, b.key(name))
}

// Delete removes a file, and one that is not there as well.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := b.client.RemoveObject(ctx, b.bucket, b.key(name), minio.RemoveObjectOptions{})
	if err = bucketFault(err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// DeleteAll removes the files whose names begin with prefix.
func (b *Bucket) DeleteAll(ctx context.Context, prefix string) error {
	if err := checkName(prefix); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	for object := range b.client.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.key(prefix)}) {
		if object.Err != nil {
			return bucketFault(object.Err)
		}
		name := strings.TrimPrefix(object.Key, b.key(""))
		if checkName(name) != nil {
			continue
		}
		if err := b.Delete(ctx, name); err != nil {
			return err
		}
	}
	return bucketFault(ctx.Err())
}

// RemoveLeftovers drops the uploads that a killed process began before the
// given time and left. It finds out whether the bucket can be used at all.
func (b *Bucket) RemoveLeftovers(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	for upload := range b.client.ListIncompleteUploads(ctx, b.bucket, b.key(""), true) {
		if err := bucketFault(upload.Err); fault.Is(err, fault.NotFound) {
			return nil // some services say so where nothing was ever uploaded
		} else if err != nil {
			return err
		}
		name := strings.TrimPrefix(upload.Key, b.key(""))
		if checkName(name) != nil || !upload.Initiated.Before(before) {
			continue
		}
		err := bucketFault(b.client.AbortMultipartUpload(ctx, b.bucket, upload.Key, upload.UploadID))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return bucketFault(ctx.Err())
}

// key is the file's in the bucket; of no name it is what all keys begin with.
func (b *Bucket) key(name string) string {
	if name == "" && b.prefix != "" {
		return b.prefix + "/"
	}
	return path.Join(b.prefix, name)
}

// bucketFault translates all errors of the bucket.
func bucketFault(err error) error {
	if err == nil {
		return nil
	}
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		switch answer.Code {
		case minio.NoSuchKey, minio.NoSuchUpload:
			return fault.Wrap(err, fault.NotFound, fault.CodeNotFound, "there is no such file")
		case minio.PreconditionFailed:
			return errReplaced
		}
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeExportFailed, "the bucket for exports cannot be used; is it reachable, and may its key use it?")
}
