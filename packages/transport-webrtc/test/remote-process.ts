// Transports of another process: the program that two-processes.webrtc.test.ts bundles and starts.

import { type RemoteCall, serveTransports } from '@hyphae/conformance'
import { createNodeWebRtcTransport } from '../src/node/index.ts'

const handle = serveTransports(createNodeWebRtcTransport, (news) => process.send?.(news))

process.on('message', (call: RemoteCall) => handle(call))
