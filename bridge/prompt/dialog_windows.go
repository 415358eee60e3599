package prompt

import "tanba/bridge/prompt/win32"

// ownWindow shows the dialogs in Windows' own controls.
var ownWindow = func(q *dialogQuestion) (dialogWindow, error) {
	return newOwnDialogs(q, func(title string) (ownScreen, error) {
		w, err := win32.Open(title)
		if err != nil {
			return nil, err // and no window that is a nil pointer
		}
		return w, nil
	})
}
