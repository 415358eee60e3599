package notify

// scriptArguments are osascript's for a note: the texts are arguments of the
// script, never a part of it, and the first of them ends the options, so that no
// other can be one. AppleScript has no buttons for a note and takes none back.
func scriptArguments(n Note) []string {
	return []string{
		"-e", "on run argv",
		"-e", "display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)",
		"-e", "end run",
		"Tanba", n.Title, n.Body,
	}
}
