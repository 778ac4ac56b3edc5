// Descriptions as the three stacks write them.

/** Chromium 156, candidates hidden. */
export const CHROMIUM_OFFER = sdp(`
v=0
o=- 2413360542163775767 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:3951184638 1 udp 2113937151 35f03457-a7cb-4fe5-a5ad-e3d7e38a05dc.local 37612 typ host generation 0 network-cost 999
a=ice-ufrag:LEhq
a=ice-pwd:k6lZ142mzCtA+zHhgazTPrCC
a=ice-options:trickle
a=fingerprint:sha-256 F6:CC:A0:97:0A:95:39:06:8C:DC:26:D4:A5:7F:13:93:1E:E7:72:82:18:EA:97:36:EA:50:C8:16:04:3A:F2:4B
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144`)

/** Firefox 153: fingerprint in the session part, TCP candidates. */
export const FIREFOX_ANSWER = sdp(`
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 3040991898116438674 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 4D:0D:66:E4:6E:B4:4F:93:16:2C:34:DD:20:F2:6E:BA:B8:E8:74:B7:9B:A0:6B:17:E7:49:01:00:BB:71:AC:B9
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122187007 c2fbab4d-a8f1-4998-a75c-eaf9f4a00d80.local 54174 typ host
a=candidate:2 1 TCP 2105458943 c2fbab4d-a8f1-4998-a75c-eaf9f4a00d80.local 9 typ host tcptype active
a=sendrecv
a=end-of-candidates
a=ice-pwd:72e781c196144645432f745f2a2bf23d
a=ice-ufrag:801bf9a9
a=mid:0
a=setup:active
a=sctp-port:5000
a=max-message-size:1073741823`)

/** libdatachannel 0.24, which node-datachannel wraps. */
export const LIBDATACHANNEL_OFFER = sdp(`
v=0
o=rtc 3478903154 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 E1:56:CF:AB:18:5C:5D:76:45:B6:91:9E:9C:46:F6:BE:74:25:C1:8A:F7:07:46:CF:9B:75:01:79:51:E2:4D:25
m=application 51285 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:262144
a=setup:actpass
a=ice-ufrag:Aw3S
a=ice-pwd:n1Rtbivi5eTaMkPCAu5lgd
a=candidate:2 1 UDP 2116026111 2001:db8::2 51285 typ host
a=candidate:1 1 UDP 2114977791 192.0.2.2 51285 typ host
a=end-of-candidates`)

function sdp(text: string): string {
  return `${text.trim().replaceAll('\n', '\r\n')}\r\n`
}
