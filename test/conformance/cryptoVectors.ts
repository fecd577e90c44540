/**
 * Known answers and hostile inputs for Ed25519 and sha256, as hexadecimal text.
 */

/** The bytes of a hexadecimal text. */
export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16))

/** NIST's vectors, and texts whose UTF-8 has one to four bytes a character. */
export const SHA256_VECTORS: ReadonlyArray<readonly [text: string, digest: string]> = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
  ],
  ["é€😀", "df9226927fd572c1ee66eec85de1bb139497614899f36e4e90474cb71f6ef9d0"]
]

/** RFC 8032 §7.1: the vectors whose message is text. */
export const RFC8032_VECTORS = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    text: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    text: "r",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
  }
] as const

/** The eight points of small order, in their canonical encodings. */
export const SMALL_ORDER_KEYS = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
] as const

/** Encodings that are not canonical: every y from p to 2^255 - 1 with both signs, and x = 0 with its sign bit set. */
export const NON_CANONICAL_KEYS: ReadonlyArray<string> = [
  ...Array.from({ length: 19 }, (_, above) => (0xed + above).toString(16)).flatMap((low) => [
    `${low}${"ff".repeat(30)}7f`,
    `${low}${"ff".repeat(31)}`
  ]),
  `01${"00".repeat(30)}80`,
  `ec${"ff".repeat(31)}`
]

/** A y for which the curve has no point. */
export const NOT_ON_CURVE_KEY = `02${"00".repeat(31)}`

/** A signature under the neutral element, the first of the small-order keys, that fits any text. */
export const UNIVERSAL_SIGNATURE = `01${"00".repeat(63)}`

/**
 * Made with the secret key of the first RFC vector, whose holder is the attacker: only a signer can make these, and
 * implementations that are not strict in the same way then disagree on them for ever.
 */
export const HOSTILE_TEXT = "optimystic"

/** The key plus a point of order 8. */
export const MIXED_ORDER_KEY = "3b5b475c4b82dd1572799fc546f4c6c03e478c6654aa4c7f945b347ea32af60d"

/** Signatures under {@link MIXED_ORDER_KEY}: one that both equations of RFC 8032 pass, and one that only the cofactored does. */
export const MIXED_ORDER_SIGNATURES = [
  "edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548dfbb1023e1b1c63e6d363066cd6c08ecf2386255adec481da75e46c50cbd02640b",
  "58666666666666666666666666666666666666666666666666666666666666667154f47bf120331ee106c86ab3d22c11367f50e6260c2e5d5f47b1f51f9f9403"
] as const

/** A signature under the honest key whose R has a component of small order: only the cofactored equation passes. */
export const MIXED_COMMITMENT_SIGNATURE =
  "131604d01865fbedf9f662d25311c68a197cf286f2683724873a147fed6ada3592af6c43d1dfdf31818bd81d5d7be411ba01cb2907e1b6dc7e9d5e0a6f381d04"

/**
 * Signatures under the honest key whose R is nothing but a point of small order, in each of its encodings: the eight that are
 * canonical, then the six that are not. S fits the equation up to that point; where R is the neutral element, exactly.
 */
export const SMALL_ORDER_COMMITMENT_SIGNATURES = [
  "0100000000000000000000000000000000000000000000000000000000000000a2f36a9cd55399e4461112f25433b4e07479dc7bd7b6b0e7a552a76464f11308",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a30231bb1460b62ff161ae9265020ae8f08896a00c75f979adbb78088d56b190f",
  "0000000000000000000000000000000000000000000000000000000000000080a74e6310ed305fe5473b022403bf8029ff1763cf0154df5db3f39efdade05306",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc051a693f883801dcb01078e7a33b78dbfe90cd1d290fa0d9ad9f38e9790f56720f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7fa81735de6c6caddd4f8f90ce3ff959e15a394b54ec867c305b842291d769e409",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc8567d784a27a219ab1d006a2e4b1850295455d9b2c4396f15912a1f52db7c5d803",
  "000000000000000000000000000000000000000000000000000000000000000091a5389ff33374180a7533818ad160945f0ecbf9f49bfb547b7d05642921eb0f",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa227ba7ef69494ef36dd2432cf0359d1bf6deb3f57c93ffcd58f78668269f5504",
  "0100000000000000000000000000000000000000000000000000000000000080aaa9aa01162ffbf8e77a3c8f20b4d3cf146deb1fac616d5214df43cc1943000d",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc9ed1fcd21b6e340b070d0c028779ad9a7be3c5e7c461221a8e801b3c3333200",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7fd65aed2a6f2b905c0a6c81e5c587497a595345ef8d425725fba90b7f4168d808",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1a15678f9a7a13cc3b9d85e9efbf5241725e8a5a81281230b780008b9ecb3709",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f4c8c1cfe5b44ab141354050f935084725a90d8bf4d6fb70bebd686c8b0860d0d",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff24ca0f162537699a3bf2da26d35d42de0c2b79a9afb0706788fadd79a799a304"
] as const

/** The order of the group, least significant byte first. Adding it to the S of a signature changes nothing modulo it. */
export const GROUP_ORDER = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
