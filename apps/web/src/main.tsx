import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { PeerSession } from './peer-session.ts'
import { loadSettings } from './settings.ts'
import './styles.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

// One session for the life of the page: React may mount components twice, a peer starts once.
const session = new PeerSession(loadSettings())
session.start()
createRoot(root).render(<App session={session} />)
