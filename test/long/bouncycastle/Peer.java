import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Collectors;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.macs.HMac;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithRandom;
import org.bouncycastle.jcajce.provider.asymmetric.util.ECUtil;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * The other end of the encrypted interface on BouncyCastle, by the steps of the manual's 6.2.4. One request a line on
 * standard input, words separated by spaces, all but the first two in base64; one answer a line, in the same form, or
 * "! reason".
 */
public class Peer {
  private static final SecureRandom RANDOM = new SecureRandom();

  public static void main(String[] arguments) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.ISO_8859_1));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        String[] words = line.split(" ", -1);
        byte[][] data = new byte[words.length - 2][];
        for (int i = 0; i < data.length; i++) data[i] = Base64.getDecoder().decode(words[i + 2]);
        answer = join(answer(words[0], words[1], data));
      } catch (Exception problem) {
        answer = "! " + problem.toString().replace('\n', ' ');
      }
      System.out.println(answer);
      System.out.flush();
    }
  }

  private static byte[][] answer(String what, String order, byte[][] data) throws Exception {
    switch (what) {
      case "keys": {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        KeyPair pair = generator.generateKeyPair();
        return new byte[][] {pair.getPublic().getEncoded(), pair.getPrivate().getEncoded()};
      }
      case "encrypt":
        return new byte[][] {encrypt(order, data[0], data[1])};
      case "decrypt":
        return new byte[][] {decrypt(order, data[0], data[1])};
      case "hmac":
        return new byte[][] {hmac(data[0], data[1])};
      case "sm4":
        return new byte[][] {sm4(Cipher.ENCRYPT_MODE, data[0], data[1])};
      case "seal":
        return seal(order, data[0], data[1]);
      case "open":
        return open(order, data);
      default:
        throw new IllegalArgumentException(what);
    }
  }

  /** 2.4, steps 1 to 6: SM4 key, hash key and the five fields. */
  private static byte[][] seal(String order, byte[] publicKey, byte[] body) throws Exception {
    KeyGenerator generator = KeyGenerator.getInstance("SM4", "BC");
    generator.init(128);
    byte[] sm4Key = generator.generateKey().getEncoded();
    byte[] hashKey = new byte[16];
    RANDOM.nextBytes(hashKey);
    byte[] blob = text(encrypt(order, publicKey, sm4Key));
    byte[] sealed = text(sm4(Cipher.ENCRYPT_MODE, sm4Key, body));
    byte[] wrapped = text(encrypt(order, publicKey, hashKey));
    return new byte[][] {
      sm4Key, hashKey, blob, sealed, wrapped, text(hmac(hashKey, blob)), text(hmac(hashKey, sealed))
    };
  }

  /** The service's side: private key, the five fields, and an answer to seal. Body, encryptedResult and its hash. */
  private static byte[][] open(String order, byte[][] data) throws Exception {
    byte[] sm4Key = decrypt(order, data[0], bytes(data[1]));
    byte[] hashKey = decrypt(order, data[0], bytes(data[3]));
    if (!Arrays.equals(text(hmac(hashKey, data[1])), data[4])) throw new Exception("ciphertextBlobHash");
    if (!Arrays.equals(text(hmac(hashKey, data[2])), data[5])) throw new Exception("encryptedBodyHash");
    byte[] result = text(sm4(Cipher.ENCRYPT_MODE, sm4Key, data[6]));
    return new byte[][] {sm4(Cipher.DECRYPT_MODE, sm4Key, bytes(data[2])), result, text(hmac(hashKey, result))};
  }

  private static byte[] encrypt(String order, byte[] publicKey, byte[] plain) throws Exception {
    PublicKey key = KeyFactory.getInstance("EC", "BC").generatePublic(new X509EncodedKeySpec(publicKey));
    if (order.equals("C1C2C3")) {
      Cipher cipher = Cipher.getInstance("SM2", "BC");
      cipher.init(Cipher.ENCRYPT_MODE, key);
      return cipher.doFinal(plain);
    }
    CipherParameters parameters = new ParametersWithRandom(ECUtil.generatePublicKeyParameter(key), RANDOM);
    return engine(true, parameters, plain);
  }

  private static byte[] decrypt(String order, byte[] privateKey, byte[] cipherText) throws Exception {
    PrivateKey key = KeyFactory.getInstance("EC", "BC").generatePrivate(new PKCS8EncodedKeySpec(privateKey));
    if (order.equals("C1C2C3")) {
      Cipher cipher = Cipher.getInstance("SM2", "BC");
      cipher.init(Cipher.DECRYPT_MODE, key);
      return cipher.doFinal(cipherText);
    }
    return engine(false, ECUtil.generatePrivateKeyParameter(key), cipherText);
  }

  private static byte[] engine(boolean encrypting, CipherParameters parameters, byte[] data) throws Exception {
    SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
    engine.init(encrypting, parameters);
    return engine.processBlock(data, 0, data.length);
  }

  private static byte[] sm4(int mode, byte[] key, byte[] data) throws Exception {
    Cipher cipher = Cipher.getInstance("SM4/ECB/PKCS5Padding", "BC");
    cipher.init(mode, new SecretKeySpec(key, "SM4"));
    return cipher.doFinal(data);
  }

  private static byte[] hmac(byte[] key, byte[] data) {
    HMac hmac = new HMac(new SM3Digest());
    hmac.init(new KeyParameter(key));
    hmac.update(data, 0, data.length);
    byte[] result = new byte[hmac.getMacSize()];
    hmac.doFinal(result, 0);
    return result;
  }

  private static byte[] text(byte[] bytes) {
    return Base64.getEncoder().encode(bytes);
  }

  private static byte[] bytes(byte[] text) {
    return Base64.getDecoder().decode(text);
  }

  private static String join(byte[][] data) {
    return Arrays.stream(data).map(Base64.getEncoder()::encodeToString).collect(Collectors.joining(" "));
  }
}
