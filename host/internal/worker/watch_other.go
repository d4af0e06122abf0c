//go:build !linux

package worker

import "errors"

func consumptionOf(int) (consumption, error) {
	return consumption{}, errors.New("this operating system does not tell")
}
