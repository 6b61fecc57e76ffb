// Package emulator deploys the template with the SAM CLI onto an emulator of AWS, as a user deploys it onto AWS: `make check-deploy`.
package emulator
