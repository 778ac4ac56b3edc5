// One ICE candidate line (RFC 8839, section 5.1), read strictly and written again with the known fields alone. What is
// dropped tells the other end about our network (network-cost, related addresses) or has been used against browsers:
// TCP candidates make them connect to any address, host names make some stacks ask any DNS server.

/** `candidate:foundation component transport priority address port typ type …` */
const CANDIDATE =
  /^(?:a=)?candidate:([\w+/]{1,32}) 1 udp (\d{1,10}) ([0-9A-Za-z.:-]{2,64}) (\d{1,5}) typ (host|srflx|prflx|relay)(?: .{0,300})?$/i
/** An address that the browser hides (mDNS): a random name, resolved in the local network. */
const HIDDEN_NAME = /^[0-9a-f-]{36}\.local$/i
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
/** Priorities are 31 bits (RFC 8445, section 5.1.2). */
const PRIORITY_MAX = 2 ** 31 - 1

/** The candidate in its shortest form, or null where it is malformed or of a kind that we neither make nor take. */
export function readCandidate(line: string): string | null {
  const [, foundation, priority, address, port, type] = CANDIDATE.exec(line) ?? []
  if (!foundation || !address || !type || !isAddress(address)) return null
  if (Number(priority) > PRIORITY_MAX || Number(port) < 1 || Number(port) > 65_535) return null
  const kind = type.toLowerCase()
  // Firefox wants a related address on all but host candidates, and itself writes this one where it hides them.
  const related = kind === 'host' ? '' : ' raddr 0.0.0.0 rport 0'
  return `candidate:${foundation} 1 udp ${Number(priority)} ${address} ${Number(port)} typ ${kind}${related}`
}

/** Whether the text is an IPv4 or IPv6 address or a hidden one, and no other name. */
function isAddress(text: string): boolean {
  return IPV4.test(text) || HIDDEN_NAME.test(text) || isIpv6(text)
}

export function isIpv4(text: string): boolean {
  return IPV4.test(text)
}

/** The URL parser of the platform knows every form of an IPv6 address. */
export function isIpv6(text: string): boolean {
  return text.includes(':') && URL.canParse(`http://[${text}]/`)
}
