import type { CloudApi } from '../api/definition.ts';
import { entry, type ManualEntry } from './entry.ts';

const notFound = entry('The gateway knows no API at this path.', 'input', ['API Not Found', '']);
const notJson = entry('The body is not valid JSON.', 'input', ['无效json的body参数', '']);
const noObject = entry('The body is not a JSON object.', 'input', [
  '请求体类型错误',
  '请求体需为字典，不能为其他类型',
]);
const serviceDown = entry(
  'The service has an internal error. If it stays, tell its operator.',
  'service',
  ['服务接口异常，请联系管理员', '需要联系管理员处理'],
  { retry: true },
);
const badBase64 = (details: string) =>
  entry('A picture is not valid base64.', 'input', ['base64数据处理异常', details]);
const badFormat = entry('The picture is no JPEG, PNG or BMP.', 'input', [
  '文件格式不合法',
  '仅支持 jpeg/png/jpg/bmp 格式',
]);

const badContent = entry('The body is empty or a parameter has another name.', 'input', [
  '请求内容错误',
  '传入内容为空，或者传入的参数名错误',
]);
const badParameters = entry('A parameter has the wrong type.', 'input', [
  '请求参数格式错误',
  '参数格式不满足要求，如请求参数字段类型错误等',
]);
const over2M = entry('The picture is larger than 2 MB.', 'input', ['图片大小超过2M', '图片大小超过2M']);
const undecodable = entry(
  'The picture is empty, not valid base64, or of a format that is not read.',
  'input',
  ['图片解码失败', '图片为空，base64编码内容有误，或图片格式不支持'],
);
const noFace = entry('There is no face in the picture.', 'face', ['未检测到人脸', '上传图片中不包含人脸']);

const detect = {
  CTAPI_10000: notFound,
  CTAPI_0009: notJson,
  AI_OP_400005: noObject,
  AI_OP_400006: entry('Action or ImageData is missing.', 'input', [
    '必传的参数未传',
    '必须的参数 (Action、ImageData) 未传',
  ]),
  AI_OP_400008: entry('A parameter has the wrong type.', 'input', [
    ['请求体的参数字段类型错误', 'Action、ImageData 字段应该是 string 类型'],
    ['请求体的参数字段类型错误', 'FaceThresh 字段应该是 float 类型'],
    ['请求体的参数字段类型错误', 'NeedFaceAngle 字段应该是 bool 类型'],
  ]),
  AI_OP_400009: entry('Action or ImageData is empty.', 'input', [
    '请求体的参数字段值为空',
    'Action、ImageData 字段值为空字符',
  ]),
  AI_OP_400010: entry('Action is not DetectFace, or FaceThresh is not within 0 to 1.', 'input', [
    ['请求体的参数字段值设置错误', 'Action 值设置错误'],
    ['请求体的参数字段值设置错误', 'FaceThresh 字段不符合规范，请参考接口文档说明'],
  ]),
  AI_OP_400011: badBase64('ImageData 字段的 base64 字符串转换字节码异常'),
  AI_OP_400012: badFormat,
  AI_OP_400013: entry('The picture has too many bytes.', 'input', [
    '文件大小不符合要求',
    '该文件大小不符合要求，图片要求小于 7M',
  ]),
  AI_OP_410001: entry('The picture cannot be decoded.', 'input', ['图片解码错误', '字节码解码为图片错误']),
  AI_OP_410002: entry('A side of the picture is shorter than 32 or longer than 5000 pixels.', 'input', [
    '图片尺寸不符合要求',
    '分辨率长宽尺寸应不高于 5000 不低于 32',
  ]),
  AI_OP_500001: serviceDown,
} as const satisfies Record<string, ManualEntry>;

const attributes = {
  AI_OP_4101: badContent,
  AI_OP_4102: badParameters,
  AI_OP_4103: over2M,
  AI_OP_4104: undecodable,
  AI_OP_4105: noFace,
} as const satisfies Record<string, ManualEntry>;

const compare = {
  CTAPI_10000: notFound,
  CTAPI_0009: notJson,
  AI_OP_400005: noObject,
  AI_OP_400006: entry('A picture is missing.', 'input', [
    '必传的参数未传',
    '必传的参数（img1Base64或img2Base64）未传',
  ]),
  AI_OP_400008: entry('A picture is not given as text.', 'input', [
    '请求体的参数字段类型错误',
    'img1Base64、img2Base64字段应该是string类型',
  ]),
  AI_OP_400009: entry('A picture is empty.', 'input', [
    '请求体的参数字段值为空',
    'img1Base64、img2Base64字段值为空字符',
  ]),
  AI_OP_400011: badBase64('img1Base64 或 img2Base64 字段的 base64 字符串转换字节码异常'),
  AI_OP_400012: badFormat,
  AI_OP_400013: entry('The first or the second picture is larger than 2 MB.', 'input', [
    ['文件大小不符合要求', '该文件大小不符合要求，图片一要求小于2M'],
    ['文件大小不符合要求', '该文件大小不符合要求，图片二要求小于2M'],
  ]),
  AI_OP_410001: entry('The first or the second picture cannot be decoded.', 'input', [
    ['图片一解码错误', '字节码解码为图片错误'],
    ['图片二解码错误', '字节码解码为图片错误'],
  ]),
} as const satisfies Record<string, ManualEntry>;

const silentLiveness = {
  CTAPI_0009: notJson,
  AI_OP_4102: badParameters,
  AI_OP_4103: over2M,
  AI_OP_4104: undecodable,
  AI_OP_4105: noFace,
  AI_OP_5000: entry(
    'The service has an unknown error.',
    'service',
    ['服务内部错误', '接口服务出现未知错误'],
    { retry: true },
  ),
} as const satisfies Record<string, ManualEntry>;

const realName = {
  AI_OP_1: entry('The call failed inside the service.', 'service', ['接口调用失败', '接口调用失败'], {
    retry: true,
  }),
  AI_OP_2: entry('The service has an internal error.', 'service', ['服务器错误', '服务器错误'], {
    retry: true,
  }),
  AI_OP_4002: entry(
    'A parameter is wrong; retMessage tells which: portrait not base64 or too long, or no valid ID number.',
    'input',
    [
      '参数错误, 见retMessage',
      '如 portrait字段需为图片转换的base64字符串、portrait字段过长、不是有效的身份号码 等',
    ],
  ),
  AI_OP_4010: entry('Too many calls in this second. Not to be repeated at once.', 'throttled', [
    '认证接口并发已到上限',
    'QPS达到上限',
  ]),
  AI_OP_4101: entry('Name, ID number and face do not belong together; resStr tells which.', 'face', [
    '身份认证未通过',
    '身份认证未通过',
  ]),
  AI_OP_4103: entry(
    'The authentication behind the service is disturbed.',
    'service',
    ['身份认证服务异常', '身份认证服务异常'],
    { retry: true },
  ),
  AI_OP_4104: entry(
    'The authentication behind the service did not answer in time.',
    'service',
    ['认证接口调用超时', '认证接口调用超时'],
    { retry: true },
  ),
  AI_OP_4109: entry('The register does not know this person, or name and ID number do not match.', 'input', [
    '非库内人员',
    '非库内人员, 该人员身份信息未收录或姓名与身份证号不匹配',
  ]),
} as const satisfies Record<string, ManualEntry>;

const actionLiveness = {
  CTAPI_10000: notFound,
  CTAPI_0009: notJson,
  AI_OP_400005: noObject,
  AI_OP_400006: entry('Action, ActionType or VideoBase64 is missing.', 'input', [
    '必传的参数未传',
    '必须的参数（Action、ActionType 或 VideoBase64）未传',
  ]),
  AI_OP_400008: entry('A parameter is not given as text.', 'input', [
    ['请求体的参数字段类型错误', 'Action 字段应该是 string 类型'],
    ['请求体的参数字段类型错误', 'VideoBase64 字段应该是 string 类型'],
    ['请求体的参数字段类型错误', 'ActionType 字段应该是 string 类型'],
  ]),
  AI_OP_400009: entry('Action, ActionType or VideoBase64 is empty.', 'input', [
    '请求体的参数字段值为空',
    'Action、ActionType 或 VideoBase64 字段值为空字符',
  ]),
  AI_OP_400010: entry('Action is not ActionFas, or ActionType is none of the five.', 'input', [
    '请求体的参数字段值设置错误',
    'Action、ActionType 值设置错误',
  ]),
  AI_OP_400011: entry('The clip is shorter than 1 or longer than 8 seconds.', 'input', [
    '视频时长不符合要求',
    '视频时长不符合要求，限制为 1 ~ 8秒',
  ]),
  AI_OP_400012: entry('The encoded clip is larger than 11 MB.', 'input', [
    '视频编码后大小不符合要求',
    '视频编码后大小不符合要求，要求小于11M',
  ]),
  AI_OP_400013: entry('The clip has fewer than 10 or more than 30 frames a second.', 'input', [
    '视频帧率不符合要求',
    '视频帧率限制为 10fps ~ 30fps',
  ]),
  AI_OP_400015: entry('The clip is no mp4, avi or mov file.', 'input', [
    '视频封装格式不符合要求',
    '视频封装格式请参考接口文档说明',
  ]),
  AI_OP_400016: entry('The clip is damaged and cannot be read.', 'input', [
    '视频读取失败',
    '视频文件损坏读取失败',
  ]),
  AI_OP_400017: entry('The clip is not valid base64.', 'input', [
    '视频Base64数据处理异常',
    '视频Base64字符串转换字节码异常',
  ]),
  AI_OP_400018: entry('There is no face in the clip.', 'face', ['视频未检测到人脸', '视频未检测到人脸']),
  AI_OP_400019: entry('The clip is too dark. More light on the face.', 'face', [
    '视频光线过暗',
    '视频光线过暗，请提高亮度',
  ]),
  AI_OP_400020: entry('The clip is too bright. Less light on the face.', 'face', [
    '视频光线过亮',
    '视频光线过亮，请降低亮度',
  ]),
  AI_OP_400021: entry('The clip is not sharp enough. Hold still, come closer, clean the lens.', 'face', [
    '视频清晰度过低',
    '视频清晰度过低，请提高清晰度',
  ]),
  AI_OP_500001: serviceDown,
} as const satisfies Record<string, ManualEntry>;

/** The error table of each service (6.3). The same code can mean different things for different services. */
export const SERVICE_ERRORS = {
  detect,
  attributes,
  compare,
  silentLiveness,
  realName,
  actionLiveness,
} as const satisfies Record<CloudApi, Record<string, ManualEntry>>;

export type ServiceCode<Id extends CloudApi = CloudApi> = {
  [Each in Id]: keyof (typeof SERVICE_ERRORS)[Each];
}[Id];
