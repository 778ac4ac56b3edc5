export { concatBytes, equalBytes, fromHex, fromUtf8, toHex, utf8 } from './bytes.ts'
export {
  decodeFrame,
  decodeInner,
  encodeFrame,
  encodeInner,
  FLAG_DIRECT,
  type Frame,
  HEADER_BYTES,
  packBatches,
  splitBatch,
  WIRE_VERSION,
  withTtl,
} from './codec.ts'
export {
  MESSAGES,
  type Message,
  type MessageId,
  type MessageName,
  type MessageOf,
  type OperationId,
  type TopicId,
} from './messages.ts'
export { copyRecord, decodeRecord, encodeRecord } from './record-field.ts'
