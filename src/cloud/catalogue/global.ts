import { entry, type ManualEntry } from './entry.ts';

/** 6.1.3: codes that the gateway gives for any of the services. The manual has one text for each. */
export const GLOBAL_ERRORS = {
  '10002': entry('The access key in the signature is not known. Check `cloud.accessKey`.', 'credentials', [
    '生成签名时官网ak信息错误',
    '',
  ]),
  '10020': entry(
    'The signature is wrong: secret key, clock, time zone of eop-date or spelling of the headers part.',
    'credentials',
    ['签名错误', ''],
  ),
  '40002': entry('The header appkey is missing.', 'credentials', ['缺少appkey头', '']),
  '40006': entry('The appkey is not valid. Check `cloud.appKey`.', 'credentials', ['无效的appkey', '']),
  '40008': entry('The request method is not supported; only POST is.', 'input', ['不支持的请求类型', '']),
  '40009': entry('The application does not allow this IP address. Allow it in the console.', 'credentials', [
    'IP未被APP授权',
    '',
  ]),
  '40010': entry('The API does not allow this IP address. Allow it in the console.', 'credentials', [
    'IP未被API授权',
    '',
  ]),
  '50000': entry('The gateway has an internal error.', 'service', ['服务内部错误', ''], { retry: true }),
  '50001': entry('The service is not registered at the gateway.', 'service', ['服务未注册', '']),
  '50002': entry('The application has not opened this service. Open it in the console.', 'credentials', [
    '应用未开通',
    '',
  ]),
  '50003': entry('The URL is none of the API.', 'input', ['API中无效的URL请求', '']),
  '51001': entry('The purchased package has expired. Buy another.', 'quota', ['购买服务已过期', '']),
  '51002': entry('This API costs money and no package has been bought. Buy one.', 'quota', [
    '收费API未购买',
    '',
  ]),
  '51003': entry('The calls of the package are used up. Buy another.', 'quota', ['API可用次数已不足', '']),
} as const satisfies Record<string, ManualEntry>;
export type GlobalCode = keyof typeof GLOBAL_ERRORS;

/** 6.2.4, 2.7: codes of the encrypted interface (`decrypted=true`), for any of the services. */
export const ENVELOPE_ERRORS = {
  AI_OP_40017: entry(
    'The five parameters of the encrypted request are not complete or not base64.',
    'input',
    ['加密参数不符合要求', '入参格式不符合加密功能要求'],
  ),
  AI_OP_40018: entry(
    'A hash of the encrypted request does not match: it was changed on the way, or the hash is not made over the base64 text.',
    'input',
    [
      ['ciphertextBlob哈希值不匹配', '相关字段哈希值不匹配，存在被篡改可能'],
      ['encryptedBody哈希值不匹配', '相关字段哈希值不匹配，存在被篡改可能'],
    ],
  ),
  AI_OP_40019: entry(
    'The service could not open the SM2 part: wrong public key, or wrong order. Check `cloud.envelope`.',
    'credentials',
    ['SM2解密失败', 'SM2非对称解密出现异常'],
  ),
  AI_OP_40020: entry(
    'The service could not open or seal the SM4 part.',
    'service',
    [
      ['SM4加密失败', 'SM4对称密钥加解密出现异常'],
      ['SM4解密失败', 'SM4对称密钥加解密出现异常'],
    ],
    { retry: true },
  ),
} as const satisfies Record<string, ManualEntry>;
export type EnvelopeCode = keyof typeof ENVELOPE_ERRORS;
