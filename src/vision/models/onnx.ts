import protobuf from 'protobufjs';
import { z } from 'zod';

/**
 * Every message of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR version 4 to 10) but
 * training and local functions. A field left out here would be lost on writing: the tests hold each network of
 * the catalogue to a byte-identical round trip.
 */
const ONNX_PROTO = `
syntax = "proto2";
package onnx;
message AttributeProto {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; optional TensorProto t = 5;
  optional GraphProto g = 6; repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9;
  repeated TensorProto tensors = 10; repeated GraphProto graphs = 11; optional string doc_string = 13;
  optional TypeProto tp = 14; repeated TypeProto type_protos = 15; optional int32 type = 20;
  optional string ref_attr_name = 21; optional SparseTensorProto sparse_tensor = 22;
  repeated SparseTensorProto sparse_tensors = 23;
}
message ValueInfoProto {
  optional string name = 1; optional TypeProto type = 2; optional string doc_string = 3;
  repeated StringStringEntryProto metadata_props = 4;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated AttributeProto attribute = 5; optional string doc_string = 6; optional string domain = 7;
  optional string overload = 8; repeated StringStringEntryProto metadata_props = 9;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message StringStringEntryProto { optional string key = 1; optional string value = 2; }
message TensorAnnotation {
  optional string tensor_name = 1; repeated StringStringEntryProto quant_parameter_tensor_names = 2;
}
message ModelProto {
  optional int64 ir_version = 1; optional string producer_name = 2; optional string producer_version = 3;
  optional string domain = 4; optional int64 model_version = 5; optional string doc_string = 6;
  optional GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message GraphProto {
  repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
  optional string doc_string = 10; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13; repeated TensorAnnotation quantization_annotation = 14;
  repeated SparseTensorProto sparse_initializer = 15; repeated StringStringEntryProto metadata_props = 16;
}
message TensorProto {
  message Segment { optional int64 begin = 1; optional int64 end = 2; }
  repeated int64 dims = 1; optional int32 data_type = 2; optional Segment segment = 3;
  repeated float float_data = 4 [packed = true]; repeated int32 int32_data = 5 [packed = true];
  repeated bytes string_data = 6; repeated int64 int64_data = 7 [packed = true]; optional string name = 8;
  optional bytes raw_data = 9; repeated double double_data = 10 [packed = true];
  repeated uint64 uint64_data = 11 [packed = true]; optional string doc_string = 12;
  repeated StringStringEntryProto external_data = 13; optional int32 data_location = 14;
  repeated StringStringEntryProto metadata_props = 16;
}
message SparseTensorProto { optional TensorProto values = 1; optional TensorProto indices = 2; repeated int64 dims = 3; }
message TensorShapeProto {
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } optional string denotation = 3; }
  repeated Dimension dim = 1;
}
message TypeProto {
  message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  message Sequence { optional TypeProto elem_type = 1; }
  message Map { optional int32 key_type = 1; optional TypeProto value_type = 2; }
  message Opaque { optional string domain = 1; optional string name = 2; }
  message SparseTensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  message Optional { optional TypeProto elem_type = 1; }
  oneof value {
    Tensor tensor_type = 1; Sequence sequence_type = 4; Map map_type = 5; Opaque opaque_type = 7;
    SparseTensor sparse_tensor_type = 8; Optional optional_type = 9;
  }
  optional string denotation = 6;
}`;

/** TensorProto.DataType.FLOAT. */
export const ONNX_FLOAT = 1;
/** AttributeProto.AttributeType: INT and INTS. */
export const ONNX_ATTRIBUTE_INT = 2;
export const ONNX_ATTRIBUTE_INTS = 7;

const TensorSchema = z.looseObject({
  name: z.string().optional(),
  data_type: z.number().optional(),
  dims: z.array(z.coerce.number()).default([]),
  raw_data: z.instanceof(Uint8Array).optional(),
  float_data: z.array(z.number()).optional(),
});
const AttributeSchema = z.looseObject({
  name: z.string().optional(),
  i: z.union([z.string(), z.number()]).optional(),
  ints: z.array(z.union([z.string(), z.number()])).optional(),
  t: TensorSchema.optional(),
});
const NodeSchema = z.looseObject({
  name: z.string().optional(),
  op_type: z.string(),
  input: z.array(z.string()).default([]),
  output: z.array(z.string()).default([]),
  attribute: z.array(AttributeSchema).default([]),
});
const DimensionSchema = z.looseObject({
  dim_value: z.union([z.string(), z.number()]).optional(),
  dim_param: z.string().optional(),
});
const ShapeSchema = z.looseObject({ dim: z.array(DimensionSchema).default([]) });
const TensorTypeSchema = z.looseObject({ elem_type: z.number().optional(), shape: ShapeSchema.optional() });
const ValueSchema = z.looseObject({
  name: z.string().optional(),
  type: z.looseObject({ tensor_type: TensorTypeSchema.optional() }).optional(),
});
const GraphSchema = z.looseObject({
  node: z.array(NodeSchema).default([]),
  initializer: z.array(TensorSchema).default([]),
  input: z.array(ValueSchema).default([]),
  output: z.array(ValueSchema).default([]),
});
const ModelSchema = z.looseObject({ ir_version: z.coerce.number().default(0), graph: GraphSchema });

export type OnnxModel = z.infer<typeof ModelSchema>;
export type OnnxGraph = z.infer<typeof GraphSchema>;
export type OnnxNode = z.infer<typeof NodeSchema>;
export type OnnxTensor = z.infer<typeof TensorSchema>;
export type OnnxDimension = z.infer<typeof DimensionSchema>;
export type OnnxValue = z.infer<typeof ValueSchema>;

const modelType = protobuf.parse(ONNX_PROTO, { keepCase: true }).root.lookupType('onnx.ModelProto');

/** Reads an ONNX file. Throws a plain Error when it is none. */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  return ModelSchema.parse(modelType.toObject(modelType.decode(bytes), { longs: String }));
}

/** Writes an ONNX file: fields in the order of their numbers, so equal models give equal bytes. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return modelType.encode(modelType.fromObject(model)).finish();
}
