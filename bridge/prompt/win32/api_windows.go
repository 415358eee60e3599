package win32

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// The functions of Windows that are called here. They are looked up when they are
// first needed, in the system's own folder; those of Windows 10 may be absent.
var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	gdi32    = windows.NewLazySystemDLL("gdi32.dll")
	comctl32 = windows.NewLazySystemDLL("comctl32.dll")
	comdlg32 = windows.NewLazySystemDLL("comdlg32.dll")
	shell32  = windows.NewLazySystemDLL("shell32.dll")
	ole32    = windows.NewLazySystemDLL("ole32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	registerClassEx         = user32.NewProc("RegisterClassExW")
	createWindowEx          = user32.NewProc("CreateWindowExW")
	destroyWindow           = user32.NewProc("DestroyWindow")
	defWindowProc           = user32.NewProc("DefWindowProcW")
	getMessage              = user32.NewProc("GetMessageW")
	translateMessage        = user32.NewProc("TranslateMessage")
	dispatchMessage         = user32.NewProc("DispatchMessageW")
	isDialogMessage         = user32.NewProc("IsDialogMessageW")
	postMessage             = user32.NewProc("PostMessageW")
	postQuitMessage         = user32.NewProc("PostQuitMessage")
	sendMessage             = user32.NewProc("SendMessageW")
	setTimer                = user32.NewProc("SetTimer")
	killTimer               = user32.NewProc("KillTimer")
	showWindow              = user32.NewProc("ShowWindow")
	enableWindow            = user32.NewProc("EnableWindow")
	isWindowEnabled         = user32.NewProc("IsWindowEnabled")
	setFocus                = user32.NewProc("SetFocus")
	getFocus                = user32.NewProc("GetFocus")
	isChild                 = user32.NewProc("IsChild")
	getNextDlgTabItem       = user32.NewProc("GetNextDlgTabItem")
	setWindowText           = user32.NewProc("SetWindowTextW")
	getWindowText           = user32.NewProc("GetWindowTextW")
	getWindowTextLength     = user32.NewProc("GetWindowTextLengthW")
	setWindowPos            = user32.NewProc("SetWindowPos")
	getWindowRect           = user32.NewProc("GetWindowRect")
	getClientRect           = user32.NewProc("GetClientRect")
	adjustWindowRectEx      = user32.NewProc("AdjustWindowRectEx")
	redrawWindow            = user32.NewProc("RedrawWindow")
	monitorFromWindow       = user32.NewProc("MonitorFromWindow")
	getMonitorInfo          = user32.NewProc("GetMonitorInfoW")
	getCursorPos            = user32.NewProc("GetCursorPos")
	loadCursor              = user32.NewProc("LoadCursorW")
	loadIcon                = user32.NewProc("LoadIconW")
	getDC                   = user32.NewProc("GetDC")
	releaseDC               = user32.NewProc("ReleaseDC")
	drawText                = user32.NewProc("DrawTextW")
	fillRect                = user32.NewProc("FillRect")
	drawFocusRect           = user32.NewProc("DrawFocusRect")
	getSysColor             = user32.NewProc("GetSysColor")
	getSysColorBrush        = user32.NewProc("GetSysColorBrush")
	systemParametersInfo    = user32.NewProc("SystemParametersInfoW")
	getKeyState             = user32.NewProc("GetKeyState")
	getLastActivePopup      = user32.NewProc("GetLastActivePopup")
	getProcessWindowStation = user32.NewProc("GetProcessWindowStation")
	getUserObjectInfo       = user32.NewProc("GetUserObjectInformationW")

	setForegroundWindow = user32.NewProc("SetForegroundWindow")
	bringWindowToTop    = user32.NewProc("BringWindowToTop")
	attachThreadInput   = user32.NewProc("AttachThreadInput")
	flashWindowEx       = user32.NewProc("FlashWindowEx")
	getLastInputInfo    = user32.NewProc("GetLastInputInfo")
	findWindowEx        = user32.NewProc("FindWindowExW")
	getTickCount        = kernel32.NewProc("GetTickCount")

	// Windows 10 and later.
	setThreadDpiAwareness  = user32.NewProc("SetThreadDpiAwarenessContext")
	getDpiForWindow        = user32.NewProc("GetDpiForWindow")
	adjustWindowRectForDpi = user32.NewProc("AdjustWindowRectExForDpi")
	systemParametersForDpi = user32.NewProc("SystemParametersInfoForDpi")
	createFontIndirect     = gdi32.NewProc("CreateFontIndirectW")
	deleteObject           = gdi32.NewProc("DeleteObject")
	selectObject           = gdi32.NewProc("SelectObject")
	setTextColor           = gdi32.NewProc("SetTextColor")
	setBkColor             = gdi32.NewProc("SetBkColor")
	setBkMode              = gdi32.NewProc("SetBkMode")
	initCommonControlsEx   = comctl32.NewProc("InitCommonControlsEx")
	getOpenFileName        = comdlg32.NewProc("GetOpenFileNameW")
	browseForFolder        = shell32.NewProc("SHBrowseForFolderW")
	getPathFromIDList      = shell32.NewProc("SHGetPathFromIDListW")
	coInitializeEx         = ole32.NewProc("CoInitializeEx")
	coUninitialize         = ole32.NewProc("CoUninitialize")
	coTaskMemFree          = ole32.NewProc("CoTaskMemFree")
)

const (
	wmDestroy      = 0x02
	wmActivate     = 0x06
	wmSetFocus     = 0x07
	wmClose        = 0x10
	wmEraseBkgnd   = 0x14
	wmDrawItem     = 0x2b
	wmMeasureItem  = 0x2c
	wmSetFont      = 0x30
	wmKeyDown      = 0x100
	wmKeyUp        = 0x101
	wmCommand      = 0x111
	wmTimer        = 0x113
	wmCtlColorBtn  = 0x135
	wmCtlColorStat = 0x138
	wmNextDlgCtl   = 0x28
	wmInputLangChg = 0x51
	wmDpiChanged   = 0x2e0
	wmApp          = 0x8000
	bmSetStyle     = 0xf4
	bnClicked      = 0
	enChange       = 0x300
	lbnSelChange   = 1
	lbnDblClk      = 2
	lbAddString    = 0x180
	lbResetContent = 0x184
	lbSetCurSel    = 0x186
	lbGetCurSel    = 0x188
	emSetLimitText = 0xc5
	emEmptyUndo    = 0xcd
	emSetPassChar  = 0xcc

	wsPopup      = 0x80000000
	wsChild      = 0x40000000
	wsCaption    = 0xc00000
	wsSysMenu    = 0x80000
	wsVScroll    = 0x200000
	wsTabStop    = 0x10000
	wsClipChild  = 0x2000000
	wsBorder     = 0x800000
	esMultiline  = 0x4
	esReadOnly   = 0x800
	esPassword   = 0x20
	esAutoHScrl  = 0x80
	ssNoPrefix   = 0x80
	ssEditCtl    = 0x2000
	bsPush       = 0
	bsDefPush    = 1
	lbsNotify    = 0x1
	lbsOwnerVar  = 0x20
	lbsStrings   = 0x40
	lbsNoIntegr  = 0x100
	wsExDlgFrame = 0x1
	wsExAppWin   = 0x40000

	dtWordBreak = 0x10
	dtCalcRect  = 0x400
	dtNoPrefix  = 0x800
	dtEditCtl   = 0x2000

	swpNoSize, swpNoMove, swpNoZOrder, swpNoActivate, swpFrameChanged = 1, 2, 4, 16, 32

	vkTab, vkReturn, vkShift, vkCapital, vkEscape, vkSpace = 0x09, 0x0d, 0x10, 0x14, 0x1b, 0x20

	idYes, idNo, idAccount, idList, idSecret = 1, 2, 10, 11, 12

	colorWindow, colorWindowText, colorHighlight, colorHighlightText, colorBtnFace, colorGrayText = 5, 8, 13, 14, 15, 17
)

type rect struct{ left, top, right, bottom int32 }

type point struct{ x, y int32 }

type message struct {
	hwnd    windows.HWND
	message uint32
	wparam  uintptr
	lparam  uintptr
	time    uint32
	pt      point
	private uint32
}

type windowClass struct {
	size, style        uint32
	proc               uintptr
	extra, extraWindow int32
	instance           windows.Handle
	icon               uintptr
	cursor             uintptr
	background         uintptr
	menu, name         *uint16
	small              uintptr
}

type logFont struct {
	height, width, escapement, orientation, weight                           int32
	italic, underline, strikeOut, charSet, outPrecision, clip, quality, pitc byte
	face                                                                     [32]uint16
}

// nonClientMetrics is NONCLIENTMETRICSW.
type nonClientMetrics struct {
	size                        uint32
	border, scrollW, scrollH    int32
	captionW, captionH          int32
	caption                     logFont
	smallCaptionW, smallCaption int32
	smallCaptionFont            logFont
	menuW, menuH                int32
	menu, status, message       logFont
	padded                      int32
}

type monitorInfo struct {
	size          uint32
	monitor, work rect
	flags         uint32
}

// measureItem is MEASUREITEMSTRUCT, drawItem DRAWITEMSTRUCT: what is not used has no name.
type measureItem struct {
	_, _, item uint32
	_, height  uint32
	_          uintptr
}

type drawItem struct {
	_, _, item, _, state uint32
	_                    windows.HWND
	dc                   uintptr
	rect                 rect
	_                    uintptr
}

// at gives a message's argument the type of what it points to.
func at[T any](arg uintptr) *T { return *(**T)(unsafe.Pointer(&arg)) }

// call calls a function whose first argument is a window or control. Pointers are
// converted where it is called, so that they stay where they are meanwhile.
//
//go:uintptrescapes
func call(p *windows.LazyProc, h windows.HWND, args ...uintptr) uintptr {
	r, _, _ := p.Call(append([]uintptr{uintptr(h)}, args...)...)
	return r
}

// wide is text as Windows takes it, without what would end it early.
func wide(s string) *uint16 {
	u := make([]uint16, 0, len(s)+1)
	for _, r := range s {
		switch {
		case r == 0:
		case r >= 0x10000:
			r -= 0x10000
			u = append(u, uint16(0xd800+r>>10), uint16(0xdc00+r&0x3ff))
		default:
			u = append(u, uint16(r))
		}
	}
	return &append(u, 0)[0]
}

func low(v uintptr) uintptr  { return v & 0xffff }
func high(v uintptr) uintptr { return v >> 16 & 0xffff }
