; The installer for one person: no administrator, no question but the certificate.
; /S installs silently, /TRUST=no leaves the certificate to "tanba trust install".
Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
Name "Tanba"
OutFile "${OUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\Tanba"
InstallDirRegKey HKCU "Software\Tanba" "Folder"
ManifestDPIAware true
Icon "${STAGE}\tanba.ico"
UninstallIcon "${STAGE}\tanba.ico"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Tanba"
VIAddVersionKey FileDescription "Tanba"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey LegalCopyright "Apache-2.0"

!include FileFunc.nsh
!include MUI2.nsh
!define MUI_ICON "${STAGE}\tanba.ico"
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
; NSIS has no Kazakh.
!insertmacro MUI_LANGUAGE "Russian"
!insertmacro MUI_LANGUAGE "English"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Tanba"

Section
  SetOutPath "$INSTDIR"
  ; A bridge that runs finishes what is open and makes room for the new file.
  IfFileExists "$INSTDIR\tanba.exe" 0 fresh
    nsExec::Exec '"$INSTDIR\tanba.exe" stop'
    Pop $0
  fresh:
  File "${STAGE}\tanba.exe"
  File "${STAGE}\tanba-token.exe"
  File "${STAGE}\LICENSE"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "Software\Tanba" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Tanba"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\tanba.exe"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "Tanba"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${GetParameters} $1
  ${GetOptions} $1 "/TRUST=" $2
  StrCmp $2 "no" 0 trusted
    nsExec::ExecToLog '"$INSTDIR\tanba.exe" install --in-place'
    Goto done
  trusted:
    nsExec::ExecToLog '"$INSTDIR\tanba.exe" install --in-place --yes'
  done:
  Pop $0
  ; What was copied stays when a store could not be written: status tells.
  SetErrorLevel 0
SectionEnd

Section Uninstall
  nsExec::ExecToLog '"$INSTDIR\tanba.exe" uninstall --yes'
  Pop $0
  ; What it could not take back it can still name and try again; 3: there was
  ; nothing.
  StrCmp $0 "0" gone
  StrCmp $0 "3" gone
    SetErrorLevel 1
    Abort "tanba uninstall: $0"
  gone:
  Delete "$INSTDIR\tanba.exe"
  Delete "$INSTDIR\tanba-token.exe"
  Delete "$INSTDIR\LICENSE"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  ; Goes only when it is empty: the folder is shared by all such installers.
  RMDir "$LOCALAPPDATA\Programs"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "Software\Tanba"
SectionEnd
