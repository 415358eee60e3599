// Verifies CMS files of a folder with Bouncy Castle and prints how long that
// took: java VerifyRate.java FOLDER THREADS. It is the peer of
// TestRateBesideBouncyCastle, which compiles it and says what is compared.
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.*;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.crypto.digests.GOST3411_2012_512Digest;
import org.bouncycastle.crypto.params.*;
import org.bouncycastle.crypto.signers.ECGOST3410_2012Signer;
import org.bouncycastle.math.ec.*;

public final class VerifyRate {
    // The curve of GOST R 34.10-2012, 512 bits, parameter set A.
    static final BigInteger P = BigInteger.TWO.pow(512).subtract(BigInteger.valueOf(569)), Q = new BigInteger("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275", 16);
    static final ECCurve CURVE = new ECCurve.Fp(P, P.subtract(BigInteger.valueOf(3)), new BigInteger("E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760", 16), Q, BigInteger.ONE);
    static final ECDomainParameters DOMAIN = new ECDomainParameters(CURVE, CURVE.createPoint(BigInteger.valueOf(3), new BigInteger("7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4", 16)), Q);

    static BigInteger little(byte[] b, int from, int n) { byte[] r = new byte[n]; for (int i = 0; i < n; i++) r[n - 1 - i] = b[from + i]; return new BigInteger(1, r); }

    static byte[] hash(byte[] data) { GOST3411_2012_512Digest d = new GOST3411_2012_512Digest(); d.update(data, 0, data.length); byte[] out = new byte[64]; d.doFinal(out, 0); return out; }

    static boolean verify(byte[] der) throws Exception {
        SignedData sd = SignedData.getInstance(ContentInfo.getInstance(ASN1Primitive.fromByteArray(der)).getContent());
        byte[] content = ASN1OctetString.getInstance(sd.getEncapContentInfo().getContent()).getOctets();
        for (ASN1Encodable e : sd.getSignerInfos()) {
            SignerInfo si = SignerInfo.getInstance(e);
            IssuerAndSerialNumber id = IssuerAndSerialNumber.getInstance(si.getSID().getId());
            Certificate signer = null;
            for (ASN1Encodable c : sd.getCertificates()) {
                Certificate one = Certificate.getInstance(c);
                if (one.getSerialNumber().getValue().equals(id.getSerialNumber().getValue()) && one.getIssuer().equals(id.getName())) signer = one;
            }
            AttributeTable attributes = new AttributeTable(si.getAuthenticatedAttributes());
            Attribute md = attributes.get(CMSAttributes.messageDigest);
            if (!Arrays.equals(ASN1OctetString.getInstance(md.getAttrValues().getObjectAt(0)).getOctets(), hash(content))) return false;
            byte[] xy = ASN1OctetString.getInstance(signer.getSubjectPublicKeyInfo().getPublicKeyData().getOctets()).getOctets();
            ECPublicKeyParameters key = new ECPublicKeyParameters(CURVE.createPoint(little(xy, 0, 64), little(xy, 64, 64)), DOMAIN);
            ECGOST3410_2012Signer v = new ECGOST3410_2012Signer();
            v.init(false, key);
            byte[] signature = si.getEncryptedDigest().getOctets();
            if (!v.verifySignature(hash(si.getAuthenticatedAttributes().getEncoded("DER")), little(signature, 0, 64), little(signature, 64, 64))) return false;
        }
        return true;
    }

    public static void main(String[] args) throws Exception {
        List<Path> files = Files.list(Paths.get(args[0])).filter(p -> p.toString().endsWith(".cms")).sorted().collect(Collectors.toList());
        int threads = Integer.parseInt(args[1]);
        for (int i = 0; i < Math.min(2000, files.size() / 2); i++) verify(Files.readAllBytes(files.get(i))); // let the compiler work first
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        long started = System.nanoTime();
        List<Future<Integer>> parts = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            final int first = t;
            parts.add(pool.submit(() -> { int good = 0; for (int i = first; i < files.size(); i += threads) if (verify(Files.readAllBytes(files.get(i)))) good++; return good; }));
        }
        int good = 0;
        for (Future<Integer> p : parts) good += p.get();
        System.out.println(good + " " + (System.nanoTime() - started));
        pool.shutdown();
    }
}
