package prompt

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const kdeProgress = "org.kde.kdialog.ProgressDialog"

// kdeMeter is kdialog's bar. The tool goes on by itself, says where on the session's
// bus it is found, and leaves the bus when the person cancels.
type kdeMeter struct {
	bus    *dbus.Conn
	object dbus.BusObject
	total  int
	gone   chan struct{}
	latest chan int
	over   context.Context
	cancel context.CancelFunc
	once   sync.Once
}

var kdeName = regexp.MustCompile(`^(org\.kde\.kdialog-[0-9]+) (/[A-Za-z]+)$`)

func newKDEMeter(ctx context.Context, t *tool, d dialog, total int) (meter, error) {
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	begin, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	bar := *t
	bar.arguments = func(d dialog) []string { return kdialogProgress(d, total) }
	out, _, err := runTool(begin, &bar, d)
	at := kdeName.FindSubmatch(out)
	if err != nil || at == nil {
		bus.Close()
		return nil, fmt.Errorf("prompt: kdialog shows no progress: %w", err)
	}
	m := &kdeMeter{
		bus: bus, object: bus.Object(string(at[1]), dbus.ObjectPath(at[2])), total: total,
		gone: make(chan struct{}), latest: make(chan int, 1),
	}
	m.over, m.cancel = context.WithCancel(ctx)
	if err := m.call(begin, kdeProgress+".showCancelButton", true); err != nil {
		m.end()
		return nil, err
	}
	go m.watch()
	return m, nil
}

func (m *kdeMeter) call(ctx context.Context, method string, args ...any) error {
	if err := m.object.CallWithContext(ctx, method, 0, args...).Err; err != nil {
		return fmt.Errorf("prompt: kdialog: %w", err)
	}
	return nil
}

// watch tells kdialog how far the work is, and asks whether it was cancelled.
func (m *kdeMeter) watch() {
	ask := time.NewTicker(200 * time.Millisecond)
	defer ask.Stop()
	for {
		var err error
		cancelled := false
		select {
		case <-m.over.Done():
			return
		case done := <-m.latest:
			// At its end the dialog would go by itself, which reads as a Stop.
			err = m.object.SetProperty(kdeProgress+".value", dbus.MakeVariant(int32(min(done, m.total-1))))
			if err == nil {
				err = m.call(m.over, kdeProgress+".setLabelText", fmt.Sprintf("%d / %d", done, m.total))
			}
		case <-ask.C:
			err = m.object.CallWithContext(m.over, kdeProgress+".wasCancelled", 0).Store(&cancelled)
		}
		if (err != nil || cancelled) && m.over.Err() == nil {
			close(m.gone)
			return
		}
	}
}

func (m *kdeMeter) step(done int) {
	select {
	case <-m.latest: // what was not shown yet is old
	default:
	}
	select {
	case m.latest <- done:
	default:
	}
}

func (m *kdeMeter) stopped() <-chan struct{} { return m.gone }

func (m *kdeMeter) end() {
	m.once.Do(func() {
		m.cancel()
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = m.call(ctx, kdeProgress+".close") // gone already, if the person cancelled
			m.bus.Close()
		}()
	})
}
