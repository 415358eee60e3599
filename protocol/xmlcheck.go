package protocol

func checkXML(document string) error { return nil }
