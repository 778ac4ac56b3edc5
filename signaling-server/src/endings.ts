// How each error of the protocol looks from outside: WebSocket close code and a sentence for people.

import type { SignalingError } from '@hyphae/core/signaling'

export interface Ending {
  /** RFC 6455 section 7.4.1 and the IANA registry: 1001 going away, 1008 policy, 1013 try again later. */
  readonly closeCode: 1001 | 1008 | 1013
  readonly text: string
}

export const ENDINGS: Readonly<Record<SignalingError, Ending>> = {
  'version-mismatch': { closeCode: 1008, text: 'This server does not speak that version of the protocol.' },
  malformed: { closeCode: 1008, text: 'A message was not of the protocol.' },
  unexpected: { closeCode: 1008, text: 'A message came that may not come now.' },
  'bad-proof': { closeCode: 1008, text: 'The signature does not prove this identity.' },
  'bad-work': { closeCode: 1008, text: 'The peer id has too little work for this server.' },
  'bad-origin': { closeCode: 1008, text: 'This server does not serve pages of this origin.' },
  superseded: { closeCode: 1008, text: 'This identity connected again from elsewhere.' },
  flood: { closeCode: 1008, text: 'Too many messages.' },
  full: { closeCode: 1013, text: 'This server has no room for another network.' },
  'join-timeout': { closeCode: 1008, text: 'No join came in time.' },
  draining: { closeCode: 1001, text: 'The server is stopping.' },
}
