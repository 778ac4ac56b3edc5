console.log('The simulator has no scenario yet.')
