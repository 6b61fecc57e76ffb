// Package dynamo keeps tokens, runs, the lease and the breakers in DynamoDB.
package dynamo
