import com.sun.org.apache.xml.internal.security.c14n.Canonicalizer;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.xml.parsers.*;
import javax.xml.transform.*;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.*;
import org.xml.sax.*;

/**
 * Answers for many documents in one run what the JDK makes of them.
 * In:  modes (modified UTF-8 with length), length, document.
 * Out: for each mode a length and octets; -1-length and a text for an error.
 * Modes, comma between: "serialize", or METHOD[:[ID][:PREFIXES]].
 */
public class Judge {
    static final Map<String, String> METHODS = Map.of(
        "c14n", Canonicalizer.ALGO_ID_C14N_OMIT_COMMENTS,
        "c14n-comments", Canonicalizer.ALGO_ID_C14N_WITH_COMMENTS,
        "exc", Canonicalizer.ALGO_ID_C14N_EXCL_OMIT_COMMENTS,
        "exc-comments", Canonicalizer.ALGO_ID_C14N_EXCL_WITH_COMMENTS);

    static Element find(Node n, String id) {
        if (n instanceof Element e && id.equals(e.getAttribute("Id"))) return e;
        for (Node c = n.getFirstChild(); c != null; c = c.getNextSibling()) {
            Element e = find(c, id);
            if (e != null) return e;
        }
        return null;
    }

    public static void main(String[] args) throws Exception {
        com.sun.org.apache.xml.internal.security.Init.init();
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        builder.setErrorHandler(new ErrorHandler() {
            public void warning(SAXParseException e) {}
            public void error(SAXParseException e) throws SAXException { throw e; }
            public void fatalError(SAXParseException e) throws SAXException { throw e; }
        });
        Transformer identity = TransformerFactory.newInstance().newTransformer();
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        while (true) {
            String modes;
            try {
                modes = in.readUTF();
            } catch (EOFException end) {
                break;
            }
            byte[] source = new byte[in.readInt()];
            in.readFully(source);
            Document document = null;
            String error = null;
            try {
                document = builder.parse(new ByteArrayInputStream(source));
            } catch (Exception e) {
                error = String.valueOf(e.getMessage());
            }
            for (String mode : modes.split(",")) {
                ByteArrayOutputStream result = new ByteArrayOutputStream();
                try {
                    if (document == null) throw new Exception(error);
                    if (mode.equals("serialize")) {
                        identity.reset();
                        identity.transform(new DOMSource(document), new StreamResult(result));
                    } else {
                        String[] part = mode.split(":", 3);
                        Node node = part.length > 1 && !part[1].isEmpty() ? find(document, part[1]) : document;
                        if (node == null) throw new Exception("no element");
                        Canonicalizer c = Canonicalizer.getInstance(METHODS.get(part[0]));
                        if (part.length > 2) c.canonicalizeSubtree(node, part[2], result);
                        else c.canonicalizeSubtree(node, result);
                    }
                    out.writeInt(result.size());
                    out.write(result.toByteArray());
                } catch (Throwable e) {
                    byte[] text = String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8);
                    out.writeInt(-1 - text.length);
                    out.write(text);
                }
            }
            out.flush();
        }
    }
}
