// Where this build runs, WebRTC has its names without prefixes.

module.exports = () =>
  typeof RTCPeerConnection === 'undefined'
    ? null
    : { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate }
