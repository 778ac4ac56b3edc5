import { createPeer } from 'hyphae'
import { showTwoPeers } from './two-peers.js'

await showTwoPeers(createPeer)
